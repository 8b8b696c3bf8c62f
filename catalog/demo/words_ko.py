"""Korean words for what is seen, and the particles that follow them."""

ELEMENTS: dict[str, tuple[str, ...]] = {
    "fire": ("불", "불꽃"),
    "water": ("물",),
    "grass": ("풀", "풀잎"),
    "electric": ("전기", "번개"),
    "ice": ("얼음",),
    "rock": ("바위", "돌"),
    "poison": ("독",),
    "shadow": ("그림자", "어둠"),
    "metal": ("강철", "금속"),
    "wind": ("바람",),
    "light": ("빛",),
    "crystal": ("수정", "보석"),
    "psychic": ("염력", "정신"),
    "sound": ("소리", "음악"),
}

SIGHTS: dict[str, tuple[str, ...]] = {
    "fire": ("머리 위의 불꽃", "등에서 타오르는 불길"),
    "water": ("물방울과 파란 지느러미", "둥둥 뜬 물방울"),
    "grass": ("머리에 난 새싹", "몸에 돋은 초록 잎"),
    "electric": ("노란 번개 모양 장식", "튀는 불똥과 번개"),
    "ice": ("머리의 고드름", "주위를 도는 눈송이"),
    "rock": ("등에 붙은 바위", "떠다니는 돌멩이"),
    "poison": ("흘러내리는 보라색 독액", "초록색 독 거품"),
    "shadow": ("주위를 감싼 검은 연기", "연기와 보랏빛 초승달"),
    "metal": ("머리 위의 톱니바퀴", "몸에 박힌 강철판"),
    "wind": ("소용돌이치는 하얀 바람", "작은 회오리바람"),
    "light": ("황금빛 고리", "뒤에서 뻗는 밝은 빛살"),
    "crystal": ("분홍빛 수정", "머리에 솟은 보석"),
    "psychic": ("머리 위에 뜬 눈", "퍼져 나가는 분홍 고리"),
    "sound": ("떠다니는 음표", "머리 위의 나팔"),
}

BODIES: dict[str, tuple[str, ...]] = {
    "lizard": ("도마뱀",),
    "dragon": ("용", "드래곤"),
    "cat": ("고양이",),
    "bird": ("새",),
    "fish": ("물고기",),
    "turtle": ("거북이", "거북"),
    "frog": ("개구리", "두꺼비"),
    "rabbit": ("토끼",),
    "snake": ("뱀", "구렁이"),
    "beetle": ("딱정벌레", "풍뎅이"),
    "plant": ("식물", "꽃"),
    "ghost": ("유령", "귀신"),
    "golem": ("골렘", "돌거인"),
    "bat": ("박쥐",),
    "crab": ("게", "꽃게"),
    "jellyfish": ("해파리",),
    "mushroom": ("버섯",),
    "snail": ("달팽이",),
}

# Each can stand before a noun.
COLOURS: dict[str, tuple[str, ...]] = {
    "red": ("빨간", "붉은", "빨간색"),
    "orange": ("주황색", "주홍빛"),
    "yellow": ("노란", "노란색", "샛노란"),
    "green": ("초록색", "녹색", "초록빛"),
    "teal": ("청록색", "청록빛"),
    "blue": ("파란", "파란색", "새파란"),
    "purple": ("보라색", "보랏빛"),
    "pink": ("분홍색", "분홍빛"),
    "brown": ("갈색", "밤색"),
    "grey": ("회색", "잿빛"),
    "black": ("검은", "까만", "검은색"),
    "white": ("하얀", "흰", "새하얀"),
}

PATTERNS: dict[str, tuple[str, ...]] = {
    "plain": ("무늬 없는", "민무늬"),
    "striped": ("줄무늬가 있는", "줄무늬"),
    "spotted": ("점무늬가 있는", "점박이"),
    "ringed": ("고리무늬가 있는", "둥근 고리무늬"),
    "patched": ("얼룩무늬가 있는", "얼룩"),
}

HORNS: dict[str, tuple[str, ...]] = {
    "curled": ("말린 뿔", "양처럼 굽은 뿔"),
    "straight": ("곧은 뿔", "뾰족한 두 뿔"),
    "single": ("외뿔", "긴 뿔 하나"),
    "antlers": ("사슴뿔", "가지 진 뿔"),
}

WINGS: dict[str, tuple[str, ...]] = {
    "feathered": ("깃털 날개",),
    "leathery": ("가죽 날개", "박쥐 같은 날개"),
    "insect": ("투명한 날개", "곤충 날개"),
}

SIZES: dict[str, tuple[str, ...]] = {
    "small": ("작은", "조그만"),
    "medium": ("",),
    "large": ("커다란", "큰"),
}

# Places end so that 에서 or 에 can follow.
PLACES: dict[str, tuple[str, ...]] = {
    "forest": ("숲속", "나무가 우거진 숲"),
    "sea": ("바닷속", "깊은 바다 밑"),
    "cave": ("동굴 안", "어두운 동굴"),
    "desert": ("사막", "선인장이 있는 사막"),
    "snow": ("눈밭", "눈 덮인 들판"),
    "sky": ("하늘", "구름 위"),
    "city": ("도시", "해 질 녘의 도시"),
    "volcano": ("화산 옆", "용암이 흐르는 화산"),
    "meadow": ("꽃밭", "꽃이 핀 들판"),
    "swamp": ("늪", "갈대가 자란 늪지"),
    "beach": ("바닷가", "야자수가 있는 해변"),
    "": ("하얀 배경 앞", "아무것도 없는 흰 배경"),
}

POSES: dict[str, tuple[str, ...]] = {
    "standing": ("서 있습니다", "쉬고 있습니다", "가만히 있습니다"),
    "raised": ("몸을 일으키고 있습니다", "몸을 세우고 있습니다"),
    "leaping": ("뛰어오르고 있습니다", "깡충 뛰고 있습니다"),
    "curled": ("잠들어 있습니다", "눈을 감고 자고 있습니다"),
}


def particle(word: str, closed: str, open_: str) -> str:
    """The word with 은/는, 이/가, 을/를, 과/와 or 으로/로, by its last syllable."""
    last = word[-1]
    if not "가" <= last <= "힣":
        message = f"cannot tell how {word!r} ends: it is not written in Hangul"
        raise ValueError(message)
    final = (ord(last) - ord("가")) % 28
    liquid = 8  # 으로 is the one particle that treats a final ㄹ like a vowel.
    if final == 0 or (final == liquid and open_ == "로"):
        return word + open_
    return word + closed
