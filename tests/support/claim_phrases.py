"""Words of the template claims: action units, poses and measures in FACS terms and in ordinary words, en and zh.

Written without a look at the lexicon of the rewards: what a person would write, not what a program knows.
"""

from typing import NamedTuple


class Action(NamedTuple):
    """How one action unit is told.

    ``noun`` takes an adjective ("a strong smile"); ``part`` + ``verb`` take an adverb and a negation ("the corners of
    her mouth pull up"); ``one_side`` is the part with its side; ``zh_part`` + ``zh_verb`` likewise.
    """

    noun: str
    part: str
    verb: str
    plural: bool
    one_side: str
    zh_noun: str
    zh_part: str
    zh_verb: str


ACTIONS: dict[str, Action] = {
    "AU1": Action("brow raise", "the eyebrows", "go up", True, "the {side} eyebrow", "扬眉动作", "眉毛", "上扬"),
    "AU2": Action("lift of the brows", "{her} brows", "rise", True, "{her} {side} brow", "挑眉动作", "双眉", "抬起"),
    "AU4": Action("frown", "{her} brows", "furrow", True, "", "皱眉动作", "眉头", "紧锁"),
    "AU5": Action("widening of the eyes", "{her} eyes", "widen", True, "", "睁大眼睛的动作", "双眼", "睁大"),
    "AU6": Action("cheek raise", "the cheeks", "lift", True, "the {side} cheek", "脸颊上提动作", "脸颊", "上提"),
    "AU7": Action("tightening of the eyelids", "the eyelids", "tighten", True, "", "眼睑收紧动作", "眼睑", "收紧"),
    "AU9": Action("wrinkling of the nose", "{her} nose", "wrinkle", False, "", "皱鼻动作", "鼻子", "皱起"),
    "AU10": Action("raise of the upper lip", "{her} upper lip", "lift", False, "the {side} side of the upper lip",
                   "上唇上提动作", "上唇", "上提"),
    "AU12": Action("smile", "the corners of {her} mouth", "pull up", True, "the {side} corner of {her} mouth",
                   "微笑", "嘴角", "上扬"),
    "AU14": Action("dimpling of the mouth corners", "the mouth corners", "dimple", True, "the {side} mouth corner",
                   "嘴角收紧成酒窝的动作", "嘴角", "收紧成酒窝"),
    "AU15": Action("downturn of the mouth", "the corners of the mouth", "turn down", True,
                   "the {side} corner of the mouth", "嘴角下拉动作", "嘴角", "下垂"),
    "AU17": Action("upward push of the chin boss", "{her} chin boss", "push up", False, "",
                   "下巴上推动作", "下巴", "上推"),
    "AU18": Action("pucker of the lips", "{her} lips", "pucker", True, "", "噘嘴动作", "嘴唇", "噘起"),
    "AU20": Action("sideways stretch of the lips", "the lips", "stretch sideways", True, "",
                   "嘴唇横向拉伸动作", "嘴唇", "向两侧拉伸"),
    "AU23": Action("tightening of the lips", "the lips", "tighten", True, "", "嘴唇收紧动作", "嘴唇", "收紧"),
    "AU24": Action("pressing of the lips", "{her} lips", "press together", True, "", "抿嘴动作", "双唇", "紧抿"),
    "AU25": Action("parting of the lips", "{her} lips", "part", True, "", "双唇分开动作", "嘴唇", "张开"),
    "AU26": Action("jaw drop", "{her} jaw", "drop", False, "", "下颌下落动作", "下巴", "下落"),
    "AU45": Action("blink", "{her} eyes", "blink", True, "", "眨眼动作", "眼睛", "眨动"),
}  # fmt: skip

#: Never measured by our extractors: claims about them are unverifiable.
UNMEASURED: dict[str, Action] = {
    "AU32": Action("bite of the lip", "{her} teeth", "bite the lower lip", True, "", "咬唇动作", "牙齿", "咬住下唇"),
    "AU34": Action("puff of the cheeks", "{her} cheeks", "puff out", True, "", "鼓腮动作", "腮帮", "鼓起"),
    "AU19": Action("showing of the tongue", "{her} tongue", "stick out", False, "", "吐舌动作", "舌头", "伸出"),
    "AU38": Action("flare of the nostrils", "{her} nostrils", "flare", True, "", "鼻孔张大动作", "鼻孔", "张大"),
}

#: Level word of the cue -> adjectives, adverbs (en), adverbs (zh), adjectives (zh).
STRENGTH: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "barely": (("barely perceptible", "hardly visible"), ("barely", "just barely"), ("极轻微地",), ("极轻微的",)),
    "slightly": (("slight", "faint"), ("slightly", "a little"), ("轻微", "略微"), ("轻微的", "淡淡的")),
    "moderately": (("moderate", "medium-strength"), ("moderately", "to a moderate degree"), ("中等程度地",),
                   ("中等强度的",)),
    "strongly": (("strong", "pronounced"), ("strongly", "markedly"), ("强烈地", "明显"), ("强烈的", "明显的")),
    "very_strongly": (("very strong", "extreme"), ("very strongly", "extremely"), ("极其强烈地",), ("极其强烈的",)),
}  # fmt: skip
STEPS = tuple(STRENGTH)

#: (modality, code, direction) -> verb phrase and its base form (en), zh verb phrase.
POSES: dict[tuple[str, str, str], tuple[tuple[str, str], ...]] = {
    ("head", "yaw", "left"): (("turns {her} head to the left", "头转向左边"), ("turns the head left", "向左转头")),
    ("head", "yaw", "right"): (("turns {her} head to the right", "头转向右边"), ("turns the head right", "向右转头")),
    ("head", "pitch", "up"): (("lifts {her} head", "抬起头"), ("raises the head", "头抬了起来")),
    ("head", "pitch", "down"): (("lowers {her} head", "低下头"), ("bows the head", "头低了下去")),
    ("head", "roll", "left"): (("tilts {her} head to the left", "头向左倾斜"), ("cocks the head left", "头往左歪")),
    ("head", "roll", "right"): (("tilts {her} head to the right", "头向右倾斜"), ("cocks the head right", "头往右歪")),
    ("gaze", "yaw", "left"): (("looks to the left", "看向左边"), ("glances left", "目光转向左侧")),
    ("gaze", "yaw", "right"): (("looks to the right", "看向右边"), ("glances right", "目光转向右侧")),
    ("gaze", "pitch", "up"): (("looks up", "向上看"), ("glances upwards", "目光上移")),
    ("gaze", "pitch", "down"): (("looks down", "向下看"), ("glances downwards", "目光下移")),
}  # fmt: skip
OPPOSITE = {"left": "right", "right": "left", "up": "down", "down": "up", "rising": "falling", "falling": "rising"}
SWINGS = {"nod": ("nods", "点头"), "shake": ("shakes {her} head", "摇头")}

#: Measure -> level class -> ways to say it (en), (zh).
LEVELS: dict[str, dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "f0_mean": {
        "low": (("The voice is low-pitched", "Her mean pitch is low", "She speaks in a low pitch"),
                ("音调偏低", "她的平均音高较低", "说话音调低沉")),
        "normal": (("The mean pitch is in the normal range", "Her pitch is normal", "The voice has an average pitch"),
                   ("平均音高在正常范围内", "音调正常", "她的音高处于正常水平")),
        "high": (("The voice is high-pitched", "Her mean pitch is high", "She speaks at a high pitch"),
                 ("音调偏高", "她的平均音高较高", "说话音调很高")),
    },
    "loudness": {
        "low": (("The voice is quiet", "She speaks softly", "Her loudness is low"),
                ("说话声音很小", "声音很轻", "响度偏低")),
        "normal": (("The loudness is in the normal range", "She speaks at a normal volume"),
                   ("响度在正常范围内", "说话音量正常")),
        "high": (("The voice is loud", "She speaks loudly", "Her loudness is high"),
                 ("说话声音很大", "声音响亮", "响度偏高")),
    },
    "speech_rate": {
        "low": (("She speaks slowly", "The speech rate is low", "Her speech is slow"),
                ("语速很慢", "她说话慢", "语速偏慢")),
        "normal": (("The speech rate is normal", "She talks at a normal pace"), ("语速正常", "说话速度在正常范围内")),
        "high": (("She talks fast", "The speech rate is high", "Her speech is rapid"),
                 ("语速很快", "她说话快", "语速偏快")),
    },
    "jitter": {
        "low": (("Jitter is low", "The jitter of the voice is low"), ("频率微扰偏低", "jitter 较低")),
        "normal": (("Jitter is in the normal range",), ("频率微扰正常",)),
        "high": (("Jitter is high", "The voice shows high jitter"), ("频率微扰偏高", "jitter 较高")),
    },
    "brightness": {
        "low": (("The picture is dark", "The scene is dimly lit"), ("画面很暗", "光线昏暗")),
        "normal": (("The brightness of the picture is normal",), ("画面亮度正常",)),
        "high": (("The picture is bright", "The scene is brightly lit"), ("画面很亮", "画面明亮")),
    },
    "motion": {
        "low": (("There is little motion in the picture",), ("画面运动很少",)),
        "high": (("There is a lot of motion in the picture",), ("画面运动很多",)),
    },
}  # fmt: skip

CONTOURS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "rising": (("The pitch rises", "Her intonation goes up", "The pitch contour is rising", "Her voice rises in pitch"),
               ("音高上升", "语调上扬", "音高走势上升", "她的音调逐渐升高")),
    "falling": (("The pitch falls", "Her intonation goes down", "The pitch contour is falling",
                 "Her voice drops in pitch"), ("音高下降", "语调下降", "音高走势下降", "她的音调逐渐降低")),
    "level": (("The pitch stays level", "Her intonation is flat", "The pitch contour is level"),
              ("音高平直", "语调平直", "音高走势平稳")),
    "rising_falling": (("The pitch rises and then falls", "The pitch contour is rising, then falling"),
                       ("音高先升后降", "语调先扬后抑")),
}  # fmt: skip

#: What nothing here measures.
UNSEEN = {
    "en": (
        "She crosses her arms over her chest.", "Her heart rate is high.", "She wears a green scarf.",
        "His fists are clenched.", "A dog sleeps on the carpet.", "She shrugs her shoulders.",
        "Her breathing rate is high.", "He leans his torso forward.",
    ),
    "zh": (
        "她双臂交叉抱在胸前。", "他的心率很高。", "她戴着一条绿色围巾。", "他双拳紧握。",
        "地毯上睡着一只狗。", "她耸了耸肩。", "她的呼吸频率很高。", "他的身体向前倾。",
    ),
}  # fmt: skip
