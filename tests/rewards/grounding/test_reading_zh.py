"""What Chinese sentences are read as: one line each, "sentence -> assertions" (spelling: ``read_back.told``)."""

import pytest
from read_back import told

from emoreason.rewards.grounding.reading import read_assertions

SENTENCES = r"""
她微微一笑，嘴角上扬。 -> AU12 L2
人物的眉头紧锁，嘴唇紧抿。 -> AU4; AU24|AU23
他的眉毛高高扬起，眼睛睁得很大。 -> AU1|AU2 L4; AU5
双眉上扬 -> AU1|AU2
内侧眉毛抬起，眉心出现竖纹 -> AU1; AU4
嘴角下垂 -> AU15
嘴角向下撇 -> AU15
嘴唇微张 -> AU25
嘴巴张得很大 -> AU27
下巴下落 -> AU54|AU26
下颌下落，嘴巴张开 -> AU26|AU27
眼睛眯成一条缝 -> AU7|AU44|AU42
鼻子皱起，上唇上提 -> AU9; AU10
没有微笑 -> !AU12
没有皱眉、眯眼或张嘴 -> !AU4; !AU7|AU44|AU42; !AU25
既没有皱眉也没有眯眼 -> !AU4; !AU7|AU44|AU42
眉毛没有上扬 -> !AU1|AU2
微笑并不明显 -> !AU12
嘴角没有上扬，也没有下垂 -> !AU12; !AU15
左侧嘴角上扬 -> AU12 left
仅右嘴角上提 -> AU12 right
AU12（左）出现 -> AU12 left
AU4未出现 -> !AU4
AU6和AU12都没有出现 -> !AU6; !AU12
动作单元12强度为3.4 -> AU12 =3.4[0-5]
AU12 嘴角上拉：强，强度 3.4（满分 5），1.20-2.40 秒 -> AU12 L4 =3.4[0-5] @1.2-2.4
AU4 眉毛下压：已查看，没有出现 -> !AU4
平均音高（F0）：偏高，212 赫兹 -> f0_mean L1 =212[Hz]
他的声音很低沉 -> f0_mean L-2
她的语速偏快，音量较大 -> speech_rate L1; loudness|sound_level L1
声音很轻，语调平直 -> loudness L-2; f0_contour|f0_slope level
音调逐渐上升 -> f0_contour|f0_slope rising
音高先降后升 -> f0_contour fall_rise
语调平淡，缺乏变化 -> f0_range|f0_sd L-1
音高范围很窄 -> f0_range|f0_sd L-2
说话很快，声音很大 -> speech_rate L2; loudness L2
停顿较多 -> pause_count|pause_ratio L1
有一个0.8秒的停顿 -> pause|pause_mean =0.8[s]
停顿很少 -> pause_count|pause_ratio L-2
他压低声音说话 -> loudness L-1
她提高了音量 -> loudness|sound_level L1
音量逐渐减小 -> loudness|sound_level falling
语速正常 -> speech_rate L0
第二个人皱眉 -> AU4 face2
人物2低头 -> pitch down face2
另一个人在微笑 -> AU12
在1.5秒时她皱眉 -> AU4 @1.5-1.5
从1.2秒到2.4秒，她一直微笑 -> AU12 @1.2-2.4
视频开头他皱着眉，最后露出微笑 -> AU4 beginning; AU12 end
他看向左侧 -> gaze left
头向左转 -> yaw left
头向右倾斜 -> roll right
他点头 -> nod
她摇了摇头 -> shake
她视线下垂，避开镜头 -> gaze down; gaze|away away
他直视镜头 -> gaze toward
画面很暗 -> brightness L-2
画面中有两个人 -> n_faces =2[count]
他说：“我没事。” -> utterance|segment “我没事。”
她说“今天天气不错”，语气平缓 -> utterance|segment “今天天气不错”; f0_contour|f0_slope level
心率偏高 -> heart_rate L1
眨眼频繁 -> blink_rate L1
他闭上眼睛 -> AU43
无法判断是否微笑 ->
看不清她的嘴 ->
他可能在微笑 -> AU12 maybe
似乎皱了眉 -> AU4 maybe
这些表明他很生气 ->
她穿着红色外套 -> None
总的来说，人物很开心 ->
不仅嘴角上扬，而且脸颊提升 -> AU12; AU6
脸颊上提，眼角出现鱼尾纹 -> AU6
上眼睑上提 -> AU5
眼睑收紧 -> AU7
嘴唇横向拉伸 -> AU20
下巴上推 -> AU17
噘嘴 -> AU18
酒窝出现 -> AU14
咬着嘴唇 -> AU32
眉毛下压而不是上扬 -> AU4; !AU1|AU2
并非强烈的微笑 -> !AU12 L4
几乎没有笑容 -> !AU12
嘴角轻微上扬，但眉毛没有动 -> AU12 L2; !AU1|AU2|AU4
眼睛没有睁大 -> !AU5
他没有说话 -> !segment
语气急促，声音颤抖 -> speech_rate L1; jitter|shimmer L1
开心的笑容 -> AU12
愤怒地皱眉 -> AU4
他的右眉挑起 -> AU1|AU2 right
面无表情 -> None
嘴唇没有张开 -> !AU25
声音没有提高 -> !loudness|f0_mean L1
音调不高 -> !f0_mean L1
语速不快 -> !speech_rate L1
眉毛内侧上提并且聚拢 -> AU1; AU4
笑容灿烂 -> AU12 L4
微笑的幅度很大 -> AU12 L4
男子眉头拧成一团，嘴角向下耷拉着。 -> AU4; AU15
她睁着眼睛，目光盯着镜头。 -> !AU43; gaze toward
他嘴角抽动了一下。 -> None
女孩咧嘴大笑，露出牙齿，眼睛眯成了缝。 -> AU12 L4; AU25; AU7|AU44|AU42
他说话声音忽高忽低。 -> f0_range|f0_sd L1
头微微低下，眼睛看向地面。 -> pitch L2 down; gaze down
在2秒到3秒之间，他闭着眼睛。 -> AU43 @2-3
他没有露出任何笑容，眉毛也没有上扬。 -> !AU12; !AU1|AU2
她抿着嘴，下巴略微上抬。 -> AU24; AU17|AU53 L2
画面昏暗，只有一个人。 -> brightness L-1; n_faces =1[count]
语调不清晰，音量不高也不低。 -> !loudness|sound_level L1; !loudness|sound_level L-1
“你怎么了？”她轻声问道。 -> utterance|segment “你怎么了？”; loudness L-1
她双眼圆睁，嘴巴张成圆形。 -> AU5; AU25|AU26|AU27
他轻轻地笑了一下。 -> AU12 L2
嘴唇紧紧地抿在一起。 -> AU24|AU23 L4
眉头舒展，没有皱起。 -> !AU4
她的嘴角一边上扬。 -> AU12
说话时语气平静，语速均匀。 -> speech_rate level
他音量突然提高。 -> loudness|sound_level L1
她的声音越来越小。 -> loudness L-1
音调偏低且平稳。 -> f0_mean L-1; f0_contour|f0_slope level
他的目光始终没有离开镜头。 -> !gaze|away away throughout
她摇头并说道：“不是这样的。” -> shake; utterance|segment “不是这样的。”
第1秒到第2秒，他的右眉上挑。 -> AU1|AU2 right @1-2
人物1在微笑，而人物2没有任何笑容。 -> AU12 face1; !AU12 face2
面颊没有抬起，眼角也没有皱纹。 -> !AU6
额头上出现了抬头纹。 -> AU1|AU2|AU4
牙关紧咬，下颌绷紧。 -> AU31
他频频眨眼，目光躲闪。 -> blink_rate L1; gaze|away away
鼻翼微微张开。 -> AU38
嘴角先上扬后下垂。 -> AU12; AU15
声音里带着颤抖，停顿明显增多。 -> jitter|shimmer L1; pause_count|pause_ratio L1
平均音高约为 210 Hz，响度偏大。 -> f0_mean =210[Hz]; loudness|sound_level L1
男人叹了口气，低着头。 -> pitch down
可以看到 AU1 和 AU4 同时出现。 -> AU1; AU4
AU12 的强度为 2.5，比较微弱。 -> AU12 L2 =2.5[0-5]
她并没有张开嘴说话。 -> !AU25
光线昏暗，背景是一间厨房。 -> brightness L-1; None
可能有轻微的皱鼻。 -> AU9 L2 maybe
他的嘴唇绷成一条直线。 -> AU23|AU24
眉毛先上扬，随后恢复平静。 -> AU1|AU2
她的左眉微微挑起，右眉不动。 -> AU1|AU2 L2 left; !AU1|AU2|AU4 right
声音沙哑，语速缓慢。 -> jitter|shimmer L1; speech_rate L-1
他不仅没有笑，反而皱起了眉。 -> !AU12; AU4
她的头偏向右边。 -> yaw right
视频中段，他的嘴巴微微张开。 -> AU25|AU26|AU27 middle
没有看到任何停顿。 -> !pause|pause_count|pause_ratio
如果她皱眉，那就是生气。 ->
生气时人们通常会皱眉。 ->
她皱眉了吗？没有。 ->
愤怒的典型表现是皱眉。 ->
她若有所思，皱着眉。 -> AU4
AU4 强度为0 -> !AU4
7到9秒，他向右转头。 -> yaw right @7-9
"""


@pytest.mark.parametrize("line", SENTENCES.strip().splitlines())
def test_sentence(line):
    sentence, _, expected = line.partition(" ->")
    assert told(read_assertions(sentence)) == expected.strip()
