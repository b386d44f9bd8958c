"""Which messages need no search: courtesy, small talk, the bot itself, sums, and work on text at hand.

Searching is the default. A message is let off only when every part of it is of such a kind; a question of fact
that is wrapped in courtesy keeps its core and is searched for. The word lists are linguistic, not topical.
Messages come folded (``rag.text.normalise``): simplified script, half width, lower case.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answering.arithmetic import is_sum
from rag.answering.reasons import Reason
from rag.text import fold
from rag.types import Turn

_END = r"(?:[啊呀哦喔噢呢吧哈啦了嘛么吗诶欸~\s]*)$"

_GREETING = re.compile(
    r"^(?:(?:你|您|大家|各位|老师|亲)们?好|(?:你|您)?早|(?:早上|上午|中午|下午|晚上|傍晚)好|[早午晚]安|哈[喽啰罗]|嗨+|嘿+|喂|"
    r"hi+|hello+|hey+|hiya|yo|howdy|greetings|(?:hi|hello|hey)(?: there| all| everyone| again| bot)?|"
    r"good (?:morning|afternoon|evening|day)|(?:happy|merry) [a-z' ]{2,20}|"
    r"(?:有人)?在(?:不在|吗|么|没|线吗)?|(?:好久|很久)(?:不|没)见|(?:新年|元旦|春节|中秋|国庆|节日|圣诞|周末|生日|端午|元宵)(?:节)?(?:快乐|愉快|好)|"
    r"(?:are )?you (?:there|around)|(?:is )?any(?:one|body) (?:there|here|around)|long time no see|"
    r"how (?:are|r) (?:you|u)(?: doing| today)*|how(?:'s| is) it going|what'?s up|nice to meet you|"
    r"吃了(?:吗|没|么)|最近(?:怎么样|好吗|还好吗|如何)|(?:很高兴|很开心)认识你|恭喜发财)" + _END
)
_THANKS = re.compile(
    r"^(?:(?:好的?|嗯+|哦|太)?(?:真的?是?|非常|十分|太|很|多|万分|实在)*(?:感谢|谢谢|多谢|谢了|谢啦|谢过|谢)(?:你们?|您|大家|啦|了|老师|帮忙|(?:你|您)?的?(?:帮助|解答|回答|回复|帮忙|耐心|支持))*|"
    r"(?:真是|可)?帮(?:了|我)?(?:我)?(?:个|了)?大忙了?|(?:您|你|大家)?辛苦(?:您|你)?|麻烦(?:您|你)|有劳(?:您|你)?|"
    r"(?:很|太|真)?(?:好|棒|赞|厉害|不错|完美|清楚|有用|有帮助)(?:极)?|(?:你|您)?(?:真|太|好)(?:棒|厉害|聪明|贴心|给力)|"
    r"(?:many |much |so |very )*(?:thanks?|thx|ty|cheers|appreciated?)(?: you| so much| a lot| a million| again| very much| for [a-z' ]{2,40})*|"
    r"i (?:really )?appreciate (?:it|that|this|your help)|(?:that|this|it)(?:'s| is| was|) (?:very |really |so )?(?:helpful|great|perfect|useful|nice|good|awesome|clear|helps?)(?: a lot)?|"
    r"(?:great|perfect|awesome|excellent|nice|wonderful|brilliant|amazing|cool|good)(?: job| work| one| answer)?)" + _END
)
_ACKNOWLEDGE = re.compile(
    r"^(?:好的?|行|可以|嗯+|哦+|噢|ok(?:ay|ey)?|k|sure|right|fine|alright|all right|yes|yep|yeah|no|nope|是的?|对的?|没错|不是|不用|不必|不要|没有|没事|没关系|算|"
    r"好(?:嘞|滴|哒|呀|吧)|得嘞|(?:好的?|嗯+|哦+|噢|行|ok)?(?:我)?(?:都|全|大概)?(?:明白|知道|晓得|懂|了解|清楚|记住|收到|理解)|原来如此|原来(?:是)?这样|这样|就这样|先这样|就这些|没别的|没(?:有)?(?:其他|别的)?(?:问题|事)|"
    r"(?:i see|got it|understood|i understand|makes sense|never ?mind|no problem|no worries|that'?s (?:all|it|fine|ok(?:ay)?)|nothing else|noted|ok(?:ay)? (?:cool|great|good|thanks|then|got it)))" + _END
)
_FAREWELL = re.compile(
    r"^(?:拜+|拜拜|再见|再会|(?:明天|回头|下次|改天|待会|一会|下周|周一|回|晚点)(?:儿)?(?:见|聊|再聊|再说)|我?(?:先)?(?:走|下线|撤|下班|忙)|晚安|保重|"
    r"(?:good ?)?bye+(?: ?bye)?|see (?:you|ya|u)(?: (?:later|tomorrow|soon|around|then))*|take care|farewell|good ?night|have a (?:nice|good|great) [a-z]+|talk to you later|ttyl|cya)" + _END
)
_PREAMBLE = re.compile(
    r"^(?:不好意思|打扰(?:一下|你|您|了)*|抱歉|对不起|劳驾|请问(?:一下|下)?|(?:我)?想(?:问|请教|了解|知道|咨询|打听)(?:一下|下|问|你|您|个问题)*|(?:问|请教|咨询)(?:一下|下|你|您)?(?:个问题)?|"
    r"(?:麻烦|能不能|可不可以|可以|能否|能|请|拜托|劳烦)?(?:你|您)?(?:再)?帮(?:我|忙|个忙|我个忙)(?:看看|查查|查一下|看一下|查|找|找找|找一下|问一下)?(?:吗)?|那|那么|所以|另外|对了|还有|顺便(?:问一下|问)?|"
    r"(?:i'?m )?sorry(?: to (?:bother|disturb|interrupt) you)?|excuse me|pardon(?: me)?|please|"
    r"(?:i have|i'?ve got) (?:a|one|another) question|quick question|(?:can|could|may) i ask(?: you)?(?: (?:something|a question))?|by the way|btw|so|well|um+|oh|and)" + _END
)

_SELF = r"(?:你|您|本机器人|这个(?:机器人|助手|bot|ai))"
_THIS_ONE = re.compile("这个(机器人|助手|bot|ai)")
_ABOUT_BOT = re.compile(
    rf"^(?:请问|那|那么|所以|话说|诶|欸)?{_SELF}(?:是谁|是什么(?:人|东西|模型|机器人|ai|助手|软件|系统)?|叫(?:什么|啥)(?:名字|名)?|的名字(?:是|叫)|有名字|(?:都|还|到底|究竟)?(?:能|会|可以|能够)(?:帮我?|为我)?(?:做|干)?(?:些|点)?(?:什么|啥|哪些)(?:事情?|忙|工作)?|有(?:什么|哪些|啥)(?:功能|能力|本事|用|用处|特点|优势)|"
    r"会(?:说|讲|写|用)?(?:几种|哪些|什么)?[\u4e00-\u9fff]{0,4}(?:语|文|话|语言)|(?:会|能|可以)(?:不会|不能)?(?:说|讲)[\u4e00-\u9fff]{1,6}|支持(?:什么|哪些|几种|多少种)?[\u4e00-\u9fff]{0,4}(?:语言|语|文|格式|文件)|"
    r"(?:和|跟|与|同|比)[^，。？?]{1,20}(?:区别|不同|不一样|相比|好在|强在|比)|(?:是)?(?:用|基于|靠|拿)(?:的)?(?:是)?(?:什么|啥|哪个|哪种|哪家)[^，。？?]{0,6}(?:模型|技术|做|开发|训练|原理|语言|实现|搭)|"
    r"(?:的)?(?:回答|答案|话|信息|内容|数据|资料|知识)(?:是)?(?:一定|都|总是|真的|可|能|准|对|正确|可靠|可信|从哪|来自|哪来|有多|靠谱|来源)|(?:是)?怎么(?:工作|运作|回答|做到|知道|找到答案)|的?(?:工作)?原理|"
    r"(?:是|是不是)(?:一个)?(?:机器人|真人|人工智能|人|ai|chatgpt|gpt|大模型|机器|程序|男|女|活的|智能|客服|人类)|是(?:由)?(?:谁|哪家|哪个公司|什么公司)|(?:的)?(?:开发者|作者|主人|老板|创造者|开发商)是|几岁|多大了|今年多大|住在?哪|来自哪|从哪(?:里|儿)?来|聪明吗|会(?:犯错|出错|骗人|撒谎|编造|胡说|记住|学习|联网|上网|思考)|能(?:联网|上网|记住|看到图片|听懂|看懂|理解)|知道(?:些)?什么|懂(?:些)?什么|厉害吗|靠谱吗|可靠吗|收费吗|免费吗|介绍(?:一下)?自己|自我介绍)"
)
_WHAT_FOR = re.compile(r"^(?:又|都|还|到底|究竟)?(?:能|会|可以|能够)(?:帮|为|给)?我?(?:做|干)?(?:些|点)?(?:什么|啥|哪些)(?:事情?|忙|工作)?$")
"""What is asked of us beside who we are, without a 你: 你是谁，能干点啥."""
_INTRODUCE = re.compile(
    r"^(?:请|先|来)*(?:做(?:一)?个|来(?:一)?个|简单)?(?:自我介绍|介绍(?:一下|下)?(?:你|您)自己)|^(?:怎么|如何|咋)(?:使用|用)(?:你|您|这个(?:机器人|助手))|^(?:帮助|使用说明|help|/help)$"
)
_MANNERS = re.compile(
    r"^(?:请|能不能|可不可以|可以|能|以后|接下来|麻烦)*(?:你|您)?(?:以后|接下来|都)?(?:请)?(?:用|讲|说|改用|换成)(?:简体|繁体)?(?:中文|英文|英语|汉语|普通话|粤语|日语|白话|大白话|敬语)(?:来)?(?:回答|回复|说|交流|聊)?(?:我|问题)?(?:吗|可以吗|好吗)?$|"
    r"^(?:请|能不能|可不可以|可以|能|麻烦)*(?:你|您)?(?:把|将)?(?:说话的?|回答的?|你的)?(?:语气|口吻|态度|风格|措辞|语调)(?:能不能|可以|请)?(?:再)?(?:变得?|改得?|换得?|调得?|放)?[\u4e00-\u9fff]{0,10}$|"
    r"^(?:(?:can|could|would) you )?(?:please )?(?:answer|reply|respond|speak|talk|write)(?: to me)? (?:in|using) [a-z]+(?: please| from now on)*$|^(?:(?:can|could) you )?(?:please )?be (?:more |less )?(?:formal|polite|brief|concise|casual|friendly|detailed)$|^(?:(?:can|could) you )?(?:please )?(?:change|adjust|use) (?:your|a|the) [a-z ]{0,20}tone[a-z ]{0,20}$"
)
_ABOUT_BOT_EN = re.compile(
    r"^(?:so |and |but |well |hey |please )*(?:who (?:are|r) (?:you|u)|what(?: exactly)? are you(?: able to do| capable of| for| good at| made of| called)?|what(?:'s| is) your (?:name|purpose|job|function|model|version|source)|what (?:can|do|could) you (?:do|help|know|offer|answer)|how (?:can|do) you (?:help|work|know|answer|find)|"
    r"(?:which|what|how many) (?:languages?|formats?|file types?|files?)(?: \w+)? (?:do|can|are) you (?:support|speak|understand|know|handle|read)|(?:do|can) you (?:speak|understand|talk|read|write) [a-z]+(?: too| as well)?$|are you (?:an? |the |really |actually )*(?:bot|robot|human|person|ai|real|machine|chatbot|assistant|chatgpt|gpt|llm|language model|model|alive|sentient|smart|sure|reliable|accurate|always right|free)|"
    r"who (?:made|created|built|developed|trained|designed|owns|programmed) you|(?:which|what) (?:model|llm|ai|technology)(?: \w+)? (?:are|do|powers|runs|is behind) you|introduce yourself|tell me about yourself|how (?:old|smart|accurate|reliable) are you|where (?:are|do) you (?:from|live|come from|get your)|"
    r"(?:are|is) your (?:answers?|information|data|responses?) (?:always |really )?(?:correct|right|reliable|accurate|true|trustworthy)|can i trust you|(?:do|can|will) you (?:make mistakes|remember|learn|lie|hallucinate|access the internet)|how (?:are|do) you (?:different|differ)|how do i use (?:you|this bot)|your name$)"
)

_MOOD = r"(?:开心|高兴|难过|伤心|郁闷|烦|累|困|无聊|焦虑|紧张|激动|兴奋|生气|沮丧|孤独|寂寞|失恋|分手|崩溃|emo|心累|心烦|好热|好冷|想哭|想睡|睡不着|失眠|不想上班|打工|加油|倒霉|幸福|压力大|压力好大|难受|饿|头疼|感冒了|迷茫|心情)"
_FEELING = r"(?:心情|开心|高兴|难过|累|无聊|困|孤独|寂寞|生气|害怕|喜欢|爱|讨厌|想我|吃饭|睡觉|做梦|恋爱|单身|结婚|感情|情绪|感觉|休息|男朋友|女朋友|朋友|爱好|梦想|过得)"
_SMALLTALK = re.compile(
    rf"^(?:我|今天|今晚|昨天|昨晚|明天|最近|这几天|这周|终于|又|唉|哎|呜|好|真|太|刚刚?|人生|生活)[^?？]{{0,24}}{_MOOD}[^?？]{{0,12}}$|^(?:好|真|太|有点|超|很|特别|巨){_MOOD}{_END}|^{_MOOD}(?:死|坏|极|爆|透)了?{_END}|"
    rf"^{_SELF}(?:今天|现在|最近|平时|会|有没有|有|也|是不是|觉得|能|会不会)*{_FEELING}[^，。]{{0,8}}$|"
    r"^(?:请|能不能|可以|快|来|再|给我|跟我|和我|陪我|你|帮我|能)*(?:说|讲|来|唱|聊|夸|哄|安慰|鼓励|陪|抱抱)(?:一?[句个段首点些下会]|几句|一下|点儿)?(?:儿)?(?:鼓励|安慰|好听|暖心|激励|祝福|搞笑|有趣|开心|温暖)?(?:我|人|咱们)?(?:的)?(?:一下|一会儿?|聊|聊天|话|笑话|段子|故事|情话|歌|几句|吧|冷笑话|心灵鸡汤|绕口令|谜语)*" + _END + r"|"
    r"^(?:哈|嘿|呵|嘻|嗯|呜|哇|唉|哎|啊|233|6|牛|lol|haha|hehe|lmao|wow|omg|ha)+(?:你|您)?(?:真|太|好|可真)?(?:逗|搞笑|有趣|好玩|可爱|幽默|厉害|有意思|聪明|牛|棒|行|贫|皮)?" + _END + r"|^(?:你|您)(?:真|太|好|可真|很)(?:逗|搞笑|有趣|好玩|可爱|幽默|厉害|有意思|聪明|牛|棒|笨|傻|蠢|差|温柔)" + _END + r"|"
    r"^(?:今天)?天气(?:真|好|太|很|不错)[\u4e00-\u9fff]{0,6}$|^我(?:喜欢|爱|想|讨厌|恨)(?:死)?你" + _END + r"|^[^?？]{0,12}又是[^?？]{0,12}的?一天" + _END
)
_EVENT_EN = r"(?:passed|won|got (?:a|the|my|engaged|married|promoted|hired|fired|dumped)|finished|graduated|broke up|failed|lost my job|bought|moved|fell in love)"
_SMALLTALK_EN = re.compile(
    rf"^(?:i (?:just|finally) {_EVENT_EN}[^?]{{0,60}}|(?:i'?m|i am|i feel|i'?m feeling|feeling) (?:so |really |very |a bit |kind of |super |just )*(?:bored|tired|sad|happy|excited|lonely|stressed|anxious|depressed|sleepy|hungry|down|great|good|fine|awful|sick of|exhausted|nervous|upset|angry|in love)[^?]{{0,60}}|"
    r"(?:(?:can|could|would) you )?(?:please )?(?:tell|give|sing|say|make)(?: me| us)? (?:a |an |some |something )?(?:joke|story|poem|song|fun fact|riddle|compliment|pep talk|encouraging|nice|funny|motivating|encouragement|sweet|laugh)[a-z ]{0,20}|(?:please )?(?:cheer|comfort|console|encourage|motivate) me(?: up)?|(?:let'?s|can we) (?:chat|talk)|"
    r"(?:do|are|can|did|have|will|would) you (?:ever |also |really |even |like to |always |sometimes )*(?:get|feel|have|like|love|bored|tired|happy|sad|sleep|dream|eat|cry|hate|miss|enjoy|dance|sing|laugh)(?: (?:bored|tired|sad|happy|lonely|angry|feelings?|emotions?|a family|friends?|me|music|humans|people|jokes?|hobbies|pets|it|this|dreams?|your job|coffee|to [a-z]+))?|"
    r"how(?:'s| is| was) your (?:day|weekend|morning|evening|mood|night)|how do you feel(?: today)?|what(?:'s| is) your (?:favou?rite|mood|hobby|hobbies)[a-z ]{0,20}|i (?:love|like|hate|miss) (?:you|u)|you(?:'re| are) (?:so |very |really )*(?:funny|cute|smart|nice|great|sweet|awesome|stupid|amazing|the best|silly|kind)|what a (?:day|nice day|beautiful day|lovely day)|it'?s (?:so )?(?:hot|cold|sunny|rainy|a beautiful day)(?: today| outside)?|(?:ha|he|lo|lol|wow|omg)+)[!. ]*$"
)

_DOCUMENT = re.compile(
    r"文档|文件|手册|说明书|指南|报告|论文|纪要|合同|协议|资料|材料|章节|第[一二三四五六七八九十百\d]+[章节页条款]|附录|目录|规定|制度|白皮书|年报|讲义|教材|知识库|文章|"
    r"\b(?:documents?|docs?|manual|handbook|guide|report|paper|article|contract|agreement|minutes|chapter|section|appendix|slides?|pdf|policy|knowledge base|files?|sources?)\b"
)
_REWORK_VERB = re.compile(
    r"翻译|译成|译为|(?:用|说成|写成|改成|换成|转成|变成|讲成)(?:一下)?(?:英|中|日|法|德|韩|俄|西|粤)(?:文|语)|简短|简洁|精简|缩短|压缩|缩写|短一?[点些]|太长|长话短说|(?:一|两|三|几)句话|总结|概括|归纳|提炼|"
    r"(?:列|整理|改写|改|换|写|做|转|排|弄|变|总结|归纳|组织)(?:成|为|出)[^，。？?]{0,8}(?:要点|表格|表|列表|清单|格式|形式|条目|邮件|短信|段落|大纲|口语|书面语|数字|大写|小写|拼音|繁体|简体|诗|markdown|json|bullet)|(?:换|改)(?:个|一种|种|一下)(?:说法|方式|表达|口吻|语气)|"
    r"(?:再|重新?)(?:说|讲|写|回答|表述|解释|念|重复|组织|发)(?:一?[遍次下])|重复一?[遍次下]|改写|润色|(?:说|讲|写|回答|解释)得?(?:更|再)?(?:简单|通俗|正式|礼貌|口语|易懂|简明|直白|清楚)(?:化)?(?:一)?[点些]?|通俗(?:一点|易懂|点)|正式一?[点些]|"
    r"\b(?:translate|shorten|shorter|rephrase|reword|rewrite|paraphrase|summari[sz]e|tl;?dr|briefer|simplify|simpler|bullet(?:ed)? (?:points?|list)|bullets|repeat (?:that|it|this|your)|say (?:that|it|this) again|more (?:concise|formal|briefly|polite|simply)|less formal|condense|(?:in|as) (?:a )?(?:table|list|one sentence|two sentences|fewer words|a nutshell|plain english|email)|in (?:english|chinese|french|german|spanish|japanese|korean)|too long)\b"
)
_PREVIOUS = re.compile(
    r"上面|以上|上述|上文|前面|刚才|刚刚|方才|之前|上一(?:个|条|轮|段)|(?:你|您)(?:的|说的?|讲的?|给的?|写的?)|这(?:段|句|个|些)(?:话|内容|回答|答案|文字|信息|结果|要点)?|那(?:段|句)(?:话|内容|回答|答案|文字)?|它|(?:回答|答案|内容|结果)|"
    r"\b(?:that|this|it|above|previous|last|your|earlier|the (?:answer|response|reply|text|summary|result))\b"
)
_SAID_BEFORE = re.compile(
    r"(?:你|您)?(?:刚才|刚刚|方才|之前|前面|上面)(?:说|讲|提到|回答|给出)的?(?:是|的)?(?:什么|啥|哪|谁|多少|几)|(?:再|重新?)(?:说|讲|念|重复|回答)一?[遍次]|重复一?[遍次]|没(?:听|看)(?:清|懂)|(?:刚才|刚刚|上面|前面|以上|上述)的?[^，。？?]{0,8}(?:写|换|改|转|翻译|列|变|整理)(?:成|为|出)|"
    r"\b(?:what did you (?:just )?say|(?:say|repeat) (?:that|it|this)(?: again)?|come again)\b"
)
_PAYLOAD = re.compile(r"[“「『‘][^”」』’]+[”」』’]|(?<!\")\"[^\"]+\"(?!\")|(?<!\w)'[^']+'(?!\w)|[:：]\s*\S{2,}|\n\s*\S{4,}")
_TEXT_VERB = re.compile(
    r"翻译|译成|润色|改写|改得|改成|缩短|缩写|扩写|续写|校对|纠错|纠正|排序|造句|仿写|总结|概括|提取|转换|转成|写成|改错|检查.{0,6}(?:语法|错别字)|(?:语法|错别字)|数一数|统计.{0,4}字数|"
    r"\b(?:translate|rewrite|rephrase|paraphrase|shorten|proofread|fix|correct|grammar|summari[sz]e|sort|capitali[sz]e|convert|polish|reword|expand|spell|count the (?:words|letters))\b"
)
_WRITING = re.compile(
    r"^(?:请|能不能|可以|可不可以|能|麻烦|你)*(?:你|您)?(?:帮我?|给我?|替我?|为我)?[^，。？?：:]{0,10}?(?:写|起草|草拟|拟|编|创作|作|想|起|取|生成)(?:一|两|三|几|1|2|3)?(?:封|条|首|个|篇|段|份|句|副|则|些|点|下)[^？?]{0,24}(?:邮件|信|短信|诗|词|歌词|函数|代码|程序|脚本|祝福|文案|故事|小说|对联|请假条|假条|检讨|情书|作文|日记|朋友圈|标语|口号|广告语|贺词|祝词|致辞|名字|名|昵称|标题|笑话|谜语|段子|便条|简历|辞职信|道歉信|感谢信|演讲稿|正则|sql)|"
    r"(?:给|帮|替|为)[^，。？?]{1,12}(?:起|取|想)[^，。？?]{0,6}名字?" + _END + r"|"
    r"^(?:(?:can|could|would|will) you )?(?:please )?(?:help me )?(?:to )?(?:write|draft|compose|create|generate|make up|invent|think of|suggest|come up with) (?:me |us )?(?:a|an|some|two|three|five|\d+)\b[^?]{0,30}\b(?:haiku|poems?|limerick|song|story|emails?|letter|function|script|program|code|essay|message|tweet|slogan|names?|speech|toast|card|joke|cover letter|regex|query|greeting|note|caption|invitation|riddle|class|loop|bio)\b"
)
_CODE_HOW = re.compile(
    r"^(?:请问|怎么|如何)?(?:用|使用)?\s*(?:正则|正则表达式|sql|python|java|javascript|js|c\+\+|excel公式|shell|bash|css|html|rust|go语言|lambda)[^，。？?]{0,20}(?:怎么|如何|咋)(?:写|实现|表示|表达)|"
    r"^how (?:do i|to|can i|would i|do you) (?:write|code|implement)\b[^?]{0,40}\b(?:in|using|with) (?:python|java|javascript|sql|bash|c\+\+|rust|regex|css|html|go)\b"
)
_LONGEST_WISH = 120
"""A wish about the previous answer is short; longer messages bring a question of their own."""
_STATEMENT = re.compile(
    r"^(?:我|今天|昨天|刚|终于)(?!.*(?:什么|怎么|哪|谁|几|多少|吗|么|如何|为什么|呢|能不能|可以|请|想问|想知道))[^?？]{1,20}$"
)
_EDGES = re.compile(r"^[\s，。！？!?,.;；、~～…\-—:：()（）'\"]+|[\s，。！？!?,.;；、~～…\-—:：()（）'\"]+$")
_SPLIT = re.compile(r"[，。！？!?,;；~～…\n]+|(?<=[a-z\d])\.(?=\s|$)|(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")


@dataclass(frozen=True, slots=True)
class Intent:
    """What a message is after. ``reason`` is empty when ``core`` has to be searched for."""

    reason: Reason | None
    core: str


def read_intent(message: str, history: Sequence[Turn]) -> Intent:
    """The intent of a folded ``message``; ``core`` is the message without its courtesies.

    ``history`` matters only for work on the previous answer, which needs one.
    """
    segments = _segments(message)
    if not segments:
        return Intent(Reason.GREETING, "")
    kinds = [_courtesy(part) for part in segments]
    if all(kinds):
        return Intent(_leading([kind for kind in kinds if kind]), "")
    start = next(index for index, kind in enumerate(kinds) if kind is None)
    core = _without_courtesy(message, segments[:start])
    answered = any(turn.role == "assistant" for turn in history)
    whole = _EDGES.sub("", message)
    for text in dict.fromkeys((core, whole)):
        reason = _needs_no_search(text, answered)
        if reason is not None and not (reason is Reason.ABOUT_BOT and _talked_of(text, history)):
            return Intent(reason, text)
    rest = [part for part, kind in zip(segments, kinds, strict=True) if kind is None]
    if _is_own_day(rest):
        return Intent(Reason.SMALLTALK, core)
    return Intent(None, core)


def _talked_of(message: str, history: Sequence[Turn]) -> bool:
    """Whether 这个机器人 is one that the conversation is about, not we ourselves."""
    found = _THIS_ONE.search(message)
    return found is not None and any(found[1] in fold(turn.text) for turn in history)


def _segments(text: str) -> list[str]:
    parts = (_EDGES.sub("", part) for part in _SPLIT.split(text))
    return [part for part in parts if part]


def _courtesy(segment: str) -> Reason | None:
    if _FAREWELL.match(segment):
        return Reason.FAREWELL
    if _GREETING.match(segment):
        return Reason.GREETING
    if _THANKS.match(segment) or _ACKNOWLEDGE.match(segment):
        return Reason.THANKS
    if _PREAMBLE.match(segment):
        return Reason.GREETING
    return None


def _leading(kinds: Sequence[Reason]) -> Reason:
    for reason in (Reason.FAREWELL, Reason.THANKS):
        if reason in kinds:
            return reason
    return Reason.GREETING


def _without_courtesy(message: str, courtesies: Sequence[str]) -> str:
    rest = message
    for part in courtesies:
        rest = rest[rest.index(part) + len(part) :]
    rest = _EDGES.sub("", rest)
    shorter = re.sub(r"^(?:请问(?:一下|下)?|(?:我)?想(?:问|请教|咨询|打听)(?:一下|下)?|麻烦(?:问一下|问下)?)", "", rest)
    return shorter or rest


def _needs_no_search(text: str, answered: bool) -> Reason | None:
    if is_sum(text):
        return Reason.ARITHMETIC
    about = [_is_about_bot(part) for part in _segments(text)]
    if any(about):
        about = [bot or _WHAT_FOR.match(part) is not None for bot, part in zip(about, _segments(text), strict=True)]
    beside = [_courtesy(part) or _is_smalltalk(part) for part in _segments(text)]
    if any(about) and all(bot or other for bot, other in zip(about, beside, strict=True)):
        return Reason.ABOUT_BOT
    if answered and _is_rework(text):
        return Reason.REWORK
    if _is_text_task(text):
        return Reason.TEXT_TASK
    if _MANNERS.match(text):
        return Reason.ABOUT_BOT
    return None


def _is_about_bot(segment: str) -> bool:
    return bool(_ABOUT_BOT.match(segment) or _ABOUT_BOT_EN.match(segment) or _INTRODUCE.match(segment))


def _is_rework(text: str) -> bool:
    if len(text) > _LONGEST_WISH:
        return False
    if _SAID_BEFORE.search(text) and not _DOCUMENT.search(text):
        return True
    if not _REWORK_VERB.search(text) or _DOCUMENT.search(text) or _PAYLOAD.search(text):
        return False
    return bool(_PREVIOUS.search(text)) or not _names_a_topic(text)


def _names_a_topic(text: str) -> bool:
    rest = _PREVIOUS.sub("", _REWORK_VERB.sub("", text))
    rest = re.sub(
        r"请|帮我?|给我?|把|将|用|以|能不能|能|可以|可不可以|麻烦|一下|吧|吗|呢|的|了|得|来|再|更|说|讲|写|一点|一些|点|些|太|就|我|你|您|下|成|为|形式|格式|版本|语言|语|文|英|中|日|法|德|,|，|。|\s|"
        r"\b(?:please|can|could|would|you|me|for|into|the|a|an|in|to|as|and|make|give|put|it|just|only|words?|sentences?|one|two|english|chinese|french|german|spanish|japanese|version|short|very|be|more|less|of|i|want|need)\b",
        "",
        rest,
    )
    return len(re.sub(r"[\W_]", "", rest)) > 2


def _is_text_task(text: str) -> bool:
    if _TEXT_VERB.search(text) and _PAYLOAD.search(text) and not _DOCUMENT.search(_before_payload(text)):
        return True
    if _DOCUMENT.search(text):
        return False
    return bool(_WRITING.search(text) or _CODE_HOW.search(text))


def _before_payload(text: str) -> str:
    found = _PAYLOAD.search(text)
    return text if found is None else text[: found.start()] + " " + text[found.end() :]


def _is_smalltalk(segment: str) -> bool:
    return bool(_SMALLTALK.match(segment) or _SMALLTALK_EN.match(segment))


def _is_own_day(segments: Sequence[str]) -> bool:
    """Whether all of it is small talk, or statements in the first person beside small talk."""
    chat = [_is_smalltalk(part) for part in segments]
    return any(chat) and all(
        is_chat or _STATEMENT.match(part) for is_chat, part in zip(chat, segments, strict=True)
    )
