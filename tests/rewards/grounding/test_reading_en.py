"""What English sentences are read as: one line each, "sentence -> assertions" (spelling: ``read_back.told``)."""

import pytest
from read_back import told

from emoreason.rewards.grounding.reading import read_assertions

SENTENCES = r"""
Her eyebrows are drawn together in a slight frown. -> AU4 L2
There is a barely visible smile. -> AU12 L1
The eyebrows go up. -> AU1|AU2
A raising of the brows is seen. -> AU1|AU2
Her brows shoot up at the beginning. -> AU1|AU2 beginning
The outer parts of the eyebrows are lifted. -> AU2
The eyes are wide open. -> AU5
His upper eyelids are raised. -> AU5
He squints. -> AU7|AU44|AU42
Her eyes narrow. -> AU7|AU44|AU42
The lower eyelids are tightened. -> AU7
Nose wrinkled, upper lip raised. -> AU9; AU10
He sneers slightly. -> AU10 L2
The mouth is wide open. -> AU27|AU26|AU25 L4
The mouth is slightly open. -> AU25|AU26|AU27 L2
Lips parted. -> AU25
The jaw drops. -> AU26
The lips are pressed into a thin line. -> AU24|AU23
The lips are stretched horizontally. -> AU20
The chin is raised. -> AU17|AU53
Chin boss pushed up, lower lip pushed up. -> AU17
She pouts. -> AU18
He blinks rapidly. -> blink_rate L1
The blink rate is high. -> blink_rate L1
Eyes are closed from 1.2 to 2.4 s. -> AU43 @1.2-2.4
He nods. -> nod
She shakes her head. -> shake
The head is tilted to the right. -> roll right
He looks away from the camera. -> gaze|away away
She avoids eye contact. -> gaze|away away
The gaze is directed downward. -> gaze down
The smile does not reach the eyes. -> AU12; !AU6
She does not smile, frown, or blink. -> !AU12; !AU4; !AU45
She does not smile, and the brows are raised. -> !AU12; AU1|AU2
No smile, lowered brows, and pressed lips. -> !AU12; AU4; AU24|AU23
Without smiling, he raises his brows. -> !AU12; AU1|AU2
The brows are lowered rather than raised. -> AU4; !AU1|AU2
It is not a strong smile. -> !AU12 L4
Not only does she smile, her brows are raised too. -> AU12; AU1|AU2
The lips do not part. -> !AU25
AU12 could not be measured. ->
It is unclear whether she smiles. ->
She might be smiling. -> AU12 maybe
She appears to smile. -> AU12
The corners of the mouth turn down. -> AU15
Only the right corner of the mouth is raised. -> AU12 right
One corner of the mouth is lifted. -> AU12
A lopsided smile, stronger on the left. -> AU12 left
AU6+12 are strong. -> AU6 L4; AU12 L4
AUs 1, 2 and 4 are active. -> AU1; AU2; AU4
action unit 12 is absent -> !AU12
R12 is visible. -> AU12 right
The mean pitch is 212 Hz. -> f0_mean =212[Hz]
speech rate of 4.2 syllables per second -> speech_rate =4.2[syll/s]
There is a pause of 0.8 s at 2.3 s. -> pause|pause_mean =0.8[s] @2.3-2.3
Many long pauses. -> pause_count|pause_ratio L1; pause|pause_mean L1
The voice is quiet and monotone. -> loudness L-1; f0_range|f0_sd L-1
She speaks quickly in a low voice. -> speech_rate L1; f0_mean|loudness L-1
He whispers. -> loudness L-1
The voice rises. -> f0_contour|f0_slope|loudness rising
The pitch climbs toward the end. -> f0_contour|f0_slope rising end
Intonation is flat. -> f0_contour|f0_slope level
The pitch stays level. -> f0_contour|f0_slope level
Pitch is not high. -> !f0_mean L1
Loudness drops in the second half. -> loudness|sound_level falling second_half
He raises his voice. -> loudness|f0_mean L1
The room is dark. -> brightness L-1
Two faces are visible. -> n_faces =2[count]
The heart rate is elevated. -> heart_rate L1
The speaker is silent. -> !segment
Face1 smiles while face2 frowns. -> AU12 face1; AU4 face2
The other person frowns. -> AU4
From 1.0 to 2.0 s she smiles, then frowns at 3 s. -> AU12 @1-2; AU4 @3-3
The brow is furrowed. -> AU4
A crease between the brows. -> AU4
Her forehead is smooth. -> !AU1|AU2|AU4
brows are relaxed -> !AU1|AU2|AU4
The face is expressionless. -> None
Overall, she expresses joy. ->
It could also be surprise. ->
Crow's feet appear around her eyes. -> AU6
His lips are tightly closed. -> AU24|AU23
There are few pauses. -> pause_count|pause_ratio L-1
The pitch range is narrow. -> f0_range|f0_sd L-1
There is little variation in pitch. -> f0_range|f0_sd L-1
Jitter is high and shimmer is low. -> jitter L1; shimmer L-1
His tone of voice is high and strained. -> f0_mean L1
Her eyebrows are not lowered, but raised. -> !AU4; AU1|AU2
The lip corners are neither raised nor lowered. -> !AU12; !AU15
She smiles without raising her cheeks. -> AU12; !AU6
The left eyebrow is raised and the right one lowered. -> AU1|AU2 left; AU4 right
The absence of a smile is notable. -> !AU12
The smile is absent. -> !AU12
Neither the brows nor the lips are raised. -> !AU1|AU2; !AU12|AU10
The inner and outer brows are raised. -> AU1; AU2
Her mouth curves upward. -> AU12
He speaks at a normal pace. -> speech_rate L0
The speech is slow, with a falling intonation. -> speech_rate L-1; f0_contour|f0_slope falling
She leans forward. -> lean forward
His head drops. -> pitch down
Dimples are visible. -> AU14
He bites his lower lip. -> AU32
she looks at the camera throughout -> gaze toward throughout
The eyes dart to the left. -> gaze left
A faint smile plays on her lips at the beginning of the clip. -> AU12 L1 beginning
Her lips curl into a smile. -> AU12
The lips are curled upward. -> AU12|AU10
His mouth forms a broad grin, exposing the teeth. -> AU12 L4; AU25
With her brows knitted and lips pursed, she looks to the right. -> AU4; AU18|AU23|AU24; gaze right
The man lifts his left eyebrow slightly at around 1.5 seconds. -> AU1|AU2 L2 left @1.5-1.5
Between 00:01 and 00:03 the brows remain lowered. -> AU4 @1-3
In the first half he speaks softly; then he raises his voice. -> loudness L-1 first_half; loudness|f0_mean L1
No lowering of the brows was observed. -> !AU4
There's no evidence of a nose wrinkle. -> !AU9
The lip corners are not pulled up. -> !AU12
The speaker's brows aren't furrowed. -> !AU4
She isn't smiling. -> !AU12
He doesn't frown at all. -> !AU4
Neither a frown nor a smile can be seen. -> !AU4; !AU12
I can see raised cheeks and narrowed eyes. -> AU6; AU7|AU44|AU42
The eyes look narrowed and the cheeks look lifted. -> AU7|AU44|AU42; AU6
The face shows AU1, AU4 and AU15. -> AU1; AU4; AU15
Only a slight lip press is present. -> AU24 L2
The speech rate is very slow. -> speech_rate L-2
The speech is fast and loud, but the pitch is low. -> speech_rate L1; loudness L1; f0_mean L-1
His pitch is monotone. -> f0_range|f0_sd L-1
Pitch falls at the end of the sentence. -> f0_contour|f0_slope falling
There is a long pause of 1.2 seconds before he answers. -> pause|pause_mean L1 =1.2[s]
The pitch variation is large. -> f0_range|f0_sd L1
Vocal intensity is low. -> loudness|sound_level L-1
Her voice drops to a whisper. -> loudness L-1 falling
His voice is deep. -> f0_mean L-1
The voice sounds breathy and shaky. -> hnr L-1; jitter|shimmer L1
His voice trembles. -> jitter|shimmer L1
She talks at a rapid pace. -> speech_rate L1
Her tone is flat. -> f0_contour|f0_slope level
The loudness is around -23 dB. -> loudness|sound_level =-23[dB]
Mean F0 is about 220 Hz. -> f0_mean =220[Hz]
The person on the left smiles. -> AU12
Person 2's eyebrows are raised. -> AU1|AU2 face2
The smile of the second person is broad. -> AU12 L4 face2
Her head is bowed and her gaze is lowered. -> pitch down; gaze down
He turns his face away. -> yaw
He glances to his left. -> gaze left
The eyes are directed to the viewer's left. -> gaze right
The camera cuts to another shot at 3.2 s. -> shot @3.2-3.2
The image is brightly lit. -> brightness L1
There is little motion in the picture. -> motion L-1
Three people are in the frame. -> n_faces =3[count]
His nostrils are flared. -> AU38
Her jaw is clenched. -> AU31
The chin is wrinkled. -> AU17
The chin trembles. -> None
There is tension around the eyes. -> AU7|AU44|AU42
Tightened lids, lowered brows and pressed lips suggest anger. -> AU7; AU4; AU24|AU23
The lips are tight. -> AU23|AU24
Her lips form a thin line. -> AU24|AU23
The lips are slightly apart, revealing her teeth. -> AU25 L2
The mouth hangs open. -> AU25|AU26|AU27
The mouth opens wide. -> AU27|AU26|AU25 L4
Her eyes widen and her jaw drops. -> AU5; AU26
The brows are arched. -> AU1|AU2
Her brow is smooth and relaxed. -> !AU1|AU2|AU4
The eyebrows show no movement. -> !AU1|AU2|AU4
The cheeks do not rise. -> !AU6
Neither cheek is raised. -> !AU6
This might reflect sadness, as the lip corners are turned down. -> AU15
Although the lips are parted, the jaw is not dropped. -> AU25; !AU26|AU27
A smile without cheek raise. -> AU12; !AU6
The smile lacks AU6. -> AU12; !AU6
He keeps his eyes closed throughout. -> AU43 throughout
The eyes close for about half a second. -> AU43
The blinking is frequent. -> blink_rate L1
Her smile is weak and fades quickly. -> AU12 L2
A downturned mouth. -> AU15
His eyelids droop. -> AU43|AU41
The upper lip is curled. -> AU10
Her lips are puckered. -> AU18|AU22
He purses his lips. -> AU18|AU23|AU24
The mouth is pulled to one side. -> None
Smile: strong. Frown: none. Blink: absent. -> AU12 L4; !AU4; !AU45
- **Brows**: lowered -> AU4
- Mouth: corners raised, lips parted -> AU12; AU25
- Voice: high pitch, fast rate -> f0_mean L1; speech_rate L1
Action units observed: AU4 (moderate), AU7 (slight), AU23. -> AU4 L3; AU7 L2; AU23
AU12 at intensity 3 of 5 -> AU12 =3[0-5]
AU12 (intensity 2.1) -> AU12 =2.1[0-5]
Her hands are clasped. -> body
The brows aren't raised or drawn together. -> !AU1|AU2; !AU4
The eyebrows are neither raised nor furrowed, and the eyes are not widened. -> !AU1|AU2; !AU4; !AU5
Instead of smiling he frowns. -> !AU12; !AU4
No AU other than AU12 is visible. -> AU12
There is no visible movement except a slight smile. -> AU12 L2
A happy smile lights up her face. -> AU12
He gives an angry frown. -> AU4
There is a strong activation of AU12 on the left side between 1.0 s and 2.0 s. -> AU12 L4 left @1-2
A pronounced brow furrow appears around the 2-second mark. -> AU4 L4 @2-2
The subject's lip corners are drawn back and up. -> AU12
Both eyebrows shoot upward early in the clip. -> AU1|AU2 beginning
The zygomatic muscles pull the lip corners upward. -> AU12
The outer corners of her eyes crinkle as she smiles. -> AU6; AU12
At no point does he smile. -> !AU12
There was never a frown. -> !AU4
A complete absence of brow movement. -> !AU1|AU2|AU4
Her mouth is closed and her eyes are open. -> !AU25|AU26|AU27; !AU43
Her mouth stays shut. -> !AU25|AU26|AU27
The lids are half closed. -> AU43|AU41|AU42|AU7
There is a tightening of the eyelids. -> AU7
The nose is scrunched up. -> AU9
The bridge of the nose wrinkles. -> AU9
His upper lip lifts on the right side. -> AU10 right
A unilateral smirk on the right. -> AU14 right
The right mouth corner tightens. -> AU14 right
The lower lip is pulled down, showing the lower teeth. -> AU16; AU25
The lower lip juts out. -> AU17|AU18|AU22
The lips roll inward. -> AU28
The lips funnel outward. -> AU22
His cheeks puff out. -> AU34
The tongue pokes out. -> AU19
She licks her lips. -> AU37
He swallows hard. -> face L4
Her eyes are shut tight. -> AU43
He winks with his left eye. -> AU46 left
Repeated blinking is visible. -> blink_rate L1
She blinks only rarely. -> blink_rate L-1
Her head turns to the left at 2 s. -> yaw left @2-2
The head is lowered. -> pitch down
Her head tilts toward her right shoulder. -> roll right
He throws his head back. -> AU58|AU53
He nods twice. -> nod
He cocks his head to the left. -> roll left
Her gaze drops to the floor. -> gaze down
Her eyes drift to the right. -> gaze right
She is looking straight into the camera. -> gaze toward
He looks off to the side. -> gaze|away away
Her eyes roll upward. -> gaze up
She never looks at the camera. -> !gaze toward
The pitch is higher than normal. -> f0_mean L1
The pitch is slightly elevated. -> f0_mean L1
A high, shrill voice. -> f0_mean L1
The voice is low in pitch. -> f0_mean L-1
She speaks in a low pitch. -> f0_mean L-1
The pitch goes up and then comes back down. -> f0_contour rise_fall
The intonation rises at the end. -> f0_contour|f0_slope rising end
A rising intonation. -> f0_contour|f0_slope rising
There is a falling pitch contour. -> f0_contour|f0_slope falling
Her pitch first falls, then rises. -> f0_contour fall_rise
Pitch varies widely. -> f0_range|f0_sd L1
The pitch hardly varies. -> f0_range|f0_sd L-1
The speech has a wide pitch range. -> f0_range|f0_sd L1
The voice lacks variation. -> f0_range|f0_sd L-1
He is speaking loudly. -> loudness L1
She shouts. -> loudness L1
The volume is low throughout. -> loudness|sound_level L-1 throughout
The loudness is moderate. -> loudness|sound_level L0
The voice gets louder. -> loudness L1
The voice grows quieter towards the end. -> loudness L-1 end
Speech tempo is high. -> speech_rate L1
His speech is hurried. -> speech_rate L1
He talks slowly. -> speech_rate L-1
The pace is neither fast nor slow. -> !speech_rate L1; !speech_rate L-1
The speech rate is about 5 syllables per second. -> speech_rate =5[syll/s]
The delivery is halting, with frequent pauses. -> pause_count|pause_ratio L1
There are no pauses. -> !pause|pause_count|pause_ratio
He pauses briefly at 2.1 s. -> pause|pause_mean L-1 @2.1-2.1
A two-second pause follows. -> pause|pause_mean =2[s]
He speaks without pausing. -> !pause|pause_count|pause_ratio
The pauses are short. -> pause|pause_mean L-1
Pauses make up a large share of the speech. -> pause_count|pause_ratio L1
The voice is hoarse. -> jitter|shimmer L1
There is a lot of jitter. -> jitter L1
The harmonics-to-noise ratio is low. -> hnr L-1
"I can't believe it," she says. -> utterance|segment “I can't believe it,”
She says that she is fine. -> utterance|segment “she is fine”
He asks, "Where were you?" -> utterance|segment “Where were you?”
He never says "sorry". -> !utterance|segment “sorry”
She does not speak. -> !segment
Nobody is speaking. -> !segment
Two people are visible in the picture. -> n_faces =2[count]
There is only one person in the frame. -> n_faces =1[count]
The background is bright. -> brightness L1
The shot changes at 4.0 s. -> shot @4-4
The camera is still. -> None
The colors are muted. -> colourfulness L-1
Her pulse is fast. -> heart_rate L1
Heart rate is around 92 bpm. -> heart_rate =92[bpm]
Skin conductance rises. -> skin_conductance rising
She wears glasses and a blue shirt. -> None
He is sitting on a sofa. -> None
A dog runs through the room. -> None
Face 2 shows a strong smile while face 1 remains neutral. -> AU12 L4 face2; None
The second speaker's voice is loud. -> loudness L1 face2
In the last second, he lowers his head. -> pitch down end
During the first two seconds the lips are parted. -> AU25 @0-2
After 2.5 s the smile fades. -> AU12 @2.5-
Before 1 s the brows are raised. -> AU1|AU2 @-1
Halfway through, she frowns. -> AU4 middle
The lips are pressed together from the beginning to the end. -> AU24|AU23 throughout
The eyebrow raise peaks at 1.8 s. -> AU1|AU2 @1.8-1.8
Perhaps she is smiling slightly. -> AU12 L2 maybe
It is possible that the cheeks are raised. -> AU6 maybe
The smile could be posed. -> AU12 maybe
Her raised eyebrows and open mouth indicate surprise. -> AU1|AU2; AU25|AU26|AU27
The frown reflects her anger. -> AU4
This is consistent with sadness. ->
Because the lip corners are down, she appears sad. -> AU15
The cheeks aren't lifted, nor are the eyes narrowed. -> !AU6; !AU7|AU44|AU42
The mouth corners neither rise nor fall. -> !AU12; !AU15
Not a hint of a smile can be found. -> !AU12
It is not true that she smiles. -> !AU12
She is far from smiling. -> !AU12
He tries not to smile. -> !AU12
The smile is not very strong. -> !AU12 L5
The smile isn't slight; it is broad. -> !AU12 L2
Her brows do not merely rise, they are also drawn together. -> AU1|AU2; AU4
The woman's brows are pulled tightly together while her mouth stays firmly shut. -> AU4 L4; AU24|AU23
Both corners of his mouth sink as he speaks. -> AU15
Her smile, broad at first, disappears after 2 seconds. -> AU12 L4 @2-
A hint of a frown crosses his forehead around 3 s. -> AU4 L1 @3-3
He lifts only the right eyebrow. -> AU1|AU2 right
The eyebrows stay level and the gaze never leaves the camera. -> !AU1|AU2|AU4; !gaze|away away
She tucks her chin and looks down. -> AU54; gaze down
Her cheeks are flushed. -> face
The nostrils widen slightly. -> AU38 L2
His mouth falls open in the second half. -> AU25|AU26|AU27 second_half
No sign of lip tightening or jaw clenching. -> !AU23; !AU31
Her lips are neither parted nor pressed. -> !AU25; !AU24|AU23
The man speaks in a hushed, slow voice. -> loudness L-1; speech_rate L-1
Her voice is louder than before. -> loudness L1
The speech slows down near the end. -> speech_rate L-1 end
His intonation goes down at the end of each phrase. -> f0_contour|f0_slope falling
A soft-spoken, monotonous voice with several pauses. -> loudness L-1; f0_range|f0_sd L-1; pause|pause_count|pause_ratio
The person keeps talking without a break. -> !pause|pause_count|pause_ratio
The picture is overexposed. -> brightness L1
She says "leave me alone" and turns away. -> utterance|segment “leave me alone”
He does not blink during the clip. -> !AU45
Face 1's left lip corner is raised while face 2's brows are lowered. -> AU12 left face1; AU4 face2
Between 0.5 and 1.5 seconds she grins; afterwards she is expressionless. -> AU12 @0.5-1.5; None
The tension in his jaw suggests restrained anger. -> AU31
The corners of his lips are tugged downward and his chin bulges upward. -> AU15; AU17|AU53
Deep horizontal lines run across her forehead. -> AU1|AU2|AU4 L4
He has a lopsided grin on the right. -> AU12 right
Her eyebrows jump up for a moment at 4.2 s. -> AU1|AU2 @4.2-4.2
A slight narrowing of the eyes accompanies the smile. -> AU7|AU44|AU42 L2; AU12
She keeps her lips sealed. -> !AU25
The lips stay parted the entire time. -> AU25 throughout
She fails to smile at any time. -> !AU12
I see no evidence that the brows are lowered. -> !AU4
He neither nods nor shakes his head. -> !nod; !shake
Not once does he look at the camera. -> !gaze toward
His expression lacks any hint of a frown. -> !AU4
His gaze wanders around the room. -> shift
He has his head turned toward the left. -> yaw left
The head remains upright. -> !yaw|pitch|roll|nod|shake
The speaker raises the volume towards the end. -> loudness|sound_level L1 end
There is noticeable breathiness in the voice. -> hnr L-1
His articulation is fast and clipped. -> speech_rate L1
The tempo of her speech is rather slow. -> speech_rate L-1
Her pitch sits in a normal range. -> f0_mean L0
The pitch curve is flat. -> f0_contour|f0_slope level
The fundamental frequency averages 180 Hz. -> f0_mean =180[Hz]
His voice is quiet but high. -> loudness L-1; f0_mean L1
She raises the pitch of her voice. -> f0_contour|f0_slope rising
There is a gap of 1.5 s in the speech. -> pause|pause_mean =1.5[s]
He mumbles "I don't know". -> loudness L-1; utterance|segment “I don't know”
His words are: "please stay". -> utterance|segment “please stay”
At roughly 2.5 seconds, person 2 wrinkles her nose slightly. -> AU9 L2 face2 @2.5-2.5
The man in the background, face2, is laughing. -> AU12 face2
AU 4, AU 7 and AU 24 co-occur between 1 and 2 s. -> AU4 @1-2; AU7 @1-2; AU24 @1-2
Weak AU17 on the chin. -> AU17 L2
AU1 (inner brow raiser) reaches intensity 4/5. -> AU1 =4[0-5]
The brows rise moderately, and the lids are strongly raised. -> AU1|AU2 L3; AU5 L4
It seems that his jaw tightens. -> AU31
This smile, however, never reaches the eyes. -> AU12; !AU6
The room is well lit and colourful. -> brightness L1; colourfulness L1
His eyebrows form a tight frown as he leans in. -> AU4 L4; lean forward
The smile widens between 2 and 3 s. -> AU12 @2-3
She has no trace of tension in her lips. -> !AU23|AU24
Both lip corners are strongly depressed. -> AU15 L4
Her lids snap shut at 1.1 s. -> AU43 @1.1-1.1
Around the middle of the video the mouth closes. -> !AU25|AU26|AU27 middle
The left side of the upper lip is hitched up. -> AU10 left
The eyebrows were not seen to move. -> !AU1|AU2|AU4
He glares at the other man. -> AU4
His pitch keeps climbing. -> f0_contour|f0_slope rising
There are long silences between his words. -> pause|pause_mean L1
A quick nod follows. -> nod
The second person speaks faster than the first. -> speech_rate L1 face2
She gives a wry smile and raises one eyebrow. -> AU12; AU1|AU2
Her expression remains neutral, without any smile. -> !AU12
The voice is neither loud nor soft. -> !loudness L1; !loudness L-1
The lips purse briefly, then relax. -> AU18|AU23|AU24; !AU23|AU24|AU25
Cheek raising is weak, lip corner pulling is strong. -> AU6 L2; AU12 L4
If she frowned, she would be angry. ->
She would have frowned if she were angry. ->
Anger would show as lowered brows. ->
Typical signs of anger are lowered brows and tight lips. ->
Angry people frown. ->
People usually smile when they are glad. ->
Does she frown? No. ->
Brows lowered? No. ->
When people are angry they frown. ->
The first smiles; unlike the others, she frowns. -> AU12; AU4
Two people smile. -> n_faces =2[count]; AU12
The brows are lowered, if only slightly. -> AU4 L2
There is no frown, which would be expected in anger. -> !AU4
The smile is broad; if it were a frown, it would mean anger. -> AU12 L4
AU4: 0. -> !AU4
AU4 has intensity 0. -> !AU4
AU4 intensity: 0 of 5 -> !AU4
AU4=0 -> !AU4
This speaks against joy. ->
The look speaks volumes. ->
Strictly speaking, the brows are lowered. -> AU4
It says nothing about joy. ->
The stakes are high and spirits are high. ->
She looks forward to the meeting. ->
Such things are frowned upon. ->
Pulse: 60 bpm. -> heart_rate =60[bpm]
"""


@pytest.mark.parametrize("line", SENTENCES.strip().splitlines())
def test_sentence(line):
    sentence, _, expected = line.partition(" ->")
    assert told(read_assertions(sentence)) == expected.strip()
