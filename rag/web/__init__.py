"""Events become a page: rendering, chat page, JSON API, security."""
