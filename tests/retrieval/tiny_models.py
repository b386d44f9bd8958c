"""Encoders of a few thousand weights, written to disk as sentence-transformers folders: real code, no download."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789 :,.?长城熊猫竹子吃多少有在里，。？"
_SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>", "cls_token": "<s>"}
_SPECIAL |= {"sep_token": "</s>"}


def write_tokenizer(folder: Path, window: int) -> int:
    """A fast tokenizer whose tokens are characters. Returns the size of its vocabulary."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

    vocabulary = {token: number for number, token in enumerate(["<s>", "<pad>", "</s>", "<unk>", *CHARACTERS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B </s>", special_tokens=[("<s>", 0), ("</s>", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    config = {**_SPECIAL, "tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": window}
    config["model_input_names"] = ["input_ids", "attention_mask"]
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    return len(vocabulary)


def write_encoder(folder: Path, *, kind: str = "bert", pooling: str = "mean", window: int = 32) -> Path:
    """A random ``bert`` or ``xlm-roberta`` encoder of 16 dimensions with ``mean`` or ``cls`` pooling."""
    import torch
    from transformers import BertConfig, BertModel, XLMRobertaConfig, XLMRobertaModel

    folder.mkdir(parents=True)
    torch.manual_seed(7)
    settings: dict[str, Any] = {
        "vocab_size": write_tokenizer(folder, window),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "intermediate_size": 32,
        "max_position_embeddings": window + 2,
        "pad_token_id": 1,
        "initializer_range": 0.5,
    }
    model: Any = (
        BertModel(BertConfig(**settings))
        if kind == "bert"
        else XLMRobertaModel(XLMRobertaConfig(type_vocab_size=1, **settings))
    )
    model.save_pretrained(folder)
    modules = [("Transformer", ""), ("Pooling", "1_Pooling")]
    _write(folder / "modules.json", [_module(number, *module) for number, module in enumerate(modules)])
    _write(folder / "sentence_bert_config.json", {"max_seq_length": window, "do_lower_case": False})
    (folder / "1_Pooling").mkdir()
    modes = {f"pooling_mode_{mode}": mode.startswith(pooling) for mode in ("cls_token", "mean_tokens", "max_tokens")}
    _write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": 16, **modes})
    return folder


def write_cross_encoder(folder: Path, labels: int = 1, *, names: Sequence[str] = (), favoured: str = "") -> Path:
    """A random BERT cross-encoder with ``labels`` outputs, or one for each of ``names``; ``favoured`` always wins."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    folder.mkdir(parents=True)
    torch.manual_seed(7)
    settings: dict[str, Any] = {
        "vocab_size": write_tokenizer(folder, 64),
        "hidden_size": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": 64,
        "pad_token_id": 1,
        "num_labels": len(names) or labels,
        "initializer_range": 0.5,
    }
    if names:
        settings |= {"id2label": dict(enumerate(names)), "label2id": {name: place for place, name in enumerate(names)}}
    model: Any = BertForSequenceClassification(BertConfig(**settings))
    if favoured:
        with torch.no_grad():
            model.classifier.bias[names.index(favoured)] = 50.0
    model.save_pretrained(folder)
    return folder


def _module(number: int, kind: str, path: str) -> dict[str, Any]:
    return {"idx": number, "name": str(number), "path": path, "type": f"sentence_transformers.models.{kind}"}


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content))
