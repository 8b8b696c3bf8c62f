"""English words for what is seen, several for each fact."""

ELEMENT_TYPES = ("{0}-type", "{0} type", "{0}-element", "{0}")

ELEMENT_ADJECTIVES: dict[str, tuple[str, ...]] = {
    "fire": ("burning", "blazing", "fiery", "flaming"),
    "water": ("watery", "aquatic", "dripping wet", "splashing"),
    "grass": ("leafy", "sprouting", "leaf-covered", "verdant"),
    "electric": ("electrified", "sparking", "high-voltage", "crackling"),
    "ice": ("frozen", "frosty", "icy", "frost-covered"),
    "rock": ("stony", "rocky", "boulder-backed", "stone-armoured"),
    "poison": ("toxic", "venomous", "slimy", "poisonous"),
    "shadow": ("shadowy", "smoke-shrouded", "dark", "gloomy"),
    "metal": ("metallic", "steel-plated", "mechanical", "iron-clad"),
    "wind": ("windy", "breezy", "gusty", "whirling"),
    "light": ("radiant", "glowing", "shining", "haloed"),
    "crystal": ("crystalline", "gem-studded", "jewelled", "crystal-bearing"),
    "psychic": ("mind-bending", "telepathic", "mystic", "hypnotic"),
    "sound": ("musical", "noisy", "melodious", "loud"),
}

ELEMENT_SIGHTS: dict[str, tuple[str, ...]] = {
    "fire": ("flames on its head and back", "a crest of fire", "embers drifting around it",
             "flames licking along its back"),
    "water": ("water drops and bubbles around it", "blue fins on its head and back",
              "bubbles floating about it", "a fin-like crest and drops of water"),
    "grass": ("a sprout on its head", "green leaves growing on it", "leaves drifting around it",
              "vines and leaves on its body"),
    "electric": ("yellow lightning bolts on its head", "sparks flying off it",
                 "zigzag bolts around it", "jagged lightning along its back"),
    "ice": ("ice spikes on its head", "snowflakes around it", "icicles along its back",
            "a crown of icicles and floating snow crystals"),
    "rock": ("grey stones on its back", "boulders stuck to it", "pebbles floating around it",
             "a cap of rocks"),
    "poison": ("purple slime dripping from it", "green toxic bubbles around it",
               "violet ooze on its head", "poison drops and slime"),
    "shadow": ("dark smoke all around it", "a cloud of black smoke behind it",
               "smoky wisps and violet moons", "shadows wrapped about it"),
    "metal": ("a gear on its head", "nuts and gears around it", "riveted steel plates",
              "cogs and metal plates on its body"),
    "wind": ("white whirls of air around it", "swirling gusts about it",
             "a little tornado and spirals of air", "curls of wind"),
    "light": ("a golden halo", "bright rays behind it", "sparkling stars around it",
              "a halo and beams of light"),
    "crystal": ("magenta crystals on its head", "pink gems around it",
                "crystal spikes along its back", "sparkling cut gemstones"),
    "psychic": ("a third eye above its head", "pink rings rippling around it",
                "hypnotic circles around it", "a floating eye and glowing rings"),
    "sound": ("musical notes around it", "a brass horn on its head", "sound waves at its sides",
              "loudspeakers on its back and notes in the air"),
}  # fmt: skip

BODY_SYNONYMS: dict[str, tuple[str, ...]] = {
    "lizard": ("four-legged reptile", "long-tailed reptile", "salamander"),
    "dragon": ("wyvern", "drake", "winged serpent-beast"),
    "cat": ("kitten", "feline", "kitty"),
    "bird": ("beaked flyer", "feathered fowl", "songbird"),
    "fish": ("finned swimmer", "round fish", "swimming fish"),
    "turtle": ("tortoise", "shelled reptile", "dome-shelled tortoise"),
    "frog": ("toad", "squat amphibian", "wide-mouthed toad"),
    "rabbit": ("bunny", "long-eared hare", "hare"),
    "snake": ("serpent", "coiled serpent", "viper"),
    "beetle": ("bug", "six-legged insect", "round insect"),
    "plant": ("flower", "walking flower", "blossom with a face"),
    "ghost": ("phantom", "spook", "floating spirit"),
    "golem": ("blocky giant", "heavy-fisted colossus", "square-shouldered statue"),
    "bat": ("big-eared night flyer", "fanged flying mammal", "flying fox"),
    "crab": ("crustacean", "clawed crustacean", "big-clawed shellfish"),
    "jellyfish": ("medusa", "tentacled jelly", "bell-shaped jelly"),
    "mushroom": ("toadstool", "capped fungus", "walking toadstool"),
    "snail": ("slug with a spiral shell", "spiral-shelled mollusc", "shell-bearing slug"),
}

COLOURS: dict[str, tuple[str, ...]] = {
    "red": ("red", "crimson", "scarlet"),
    "orange": ("orange", "tangerine", "amber-orange"),
    "yellow": ("yellow", "golden", "lemon-yellow"),
    "green": ("green", "grass-green", "emerald"),
    "teal": ("teal", "turquoise", "blue-green"),
    "blue": ("blue", "azure", "cobalt-blue"),
    "purple": ("purple", "violet", "plum-coloured"),
    "pink": ("pink", "rosy", "rose-pink"),
    "brown": ("brown", "chestnut", "tan-brown"),
    "grey": ("grey", "ash-grey", "silver-grey"),
    "black": ("black", "charcoal", "jet-black"),
    "white": ("white", "snow-white", "ivory"),
}

PATTERNS: dict[str, tuple[str, ...]] = {
    "plain": ("plain", "unmarked", "smooth"),
    "striped": ("striped", "banded", "stripy"),
    "spotted": ("spotted", "dotted", "speckled"),
    "ringed": ("ringed", "ring-patterned", "circle-marked"),
    "patched": ("patched", "blotched", "patchy"),
}

MARKINGS: dict[str, tuple[str, ...]] = {
    "plain": ("no markings at all", "a plain coat"),
    "striped": ("stripes down its body", "dark stripes", "a striped coat"),
    "spotted": ("spots all over", "round spots", "a dotted coat"),
    "ringed": ("rings all over", "ring-shaped marks", "circles on its body"),
    "patched": ("big patches", "irregular blotches", "patches of darker colour"),
}

HORNS: dict[str, tuple[str, ...]] = {
    "curled": ("curled horns", "ram's horns", "two curling horns"),
    "straight": ("two straight horns", "short pointed horns", "a pair of straight horns"),
    "single": ("a single horn", "one long horn", "a unicorn's horn"),
    "antlers": ("antlers", "branching antlers", "deer-like antlers"),
}

WINGS: dict[str, tuple[str, ...]] = {
    "feathered": ("feathered wings", "spread feathers for wings", "bird's wings"),
    "leathery": ("leathery wings", "bat-like wings", "wide skin wings"),
    "insect": ("clear insect wings", "dragonfly wings", "see-through wings"),
}

SIZES: dict[str, tuple[str, ...]] = {
    "small": ("small", "little", "tiny"),
    "medium": ("", "", "medium-sized"),
    "large": ("large", "big", "huge"),
}

PLACES: dict[str, tuple[str, ...]] = {
    "forest": ("in a forest", "among tall trees", "in the woods"),
    "sea": ("under the sea", "on the sea floor", "deep under water"),
    "cave": ("in a cave", "in a dark cavern", "among stalactites"),
    "desert": ("in the desert", "among dunes and cacti", "on desert sand"),
    "snow": ("in the snow", "among snowy mountains", "on a snowfield"),
    "sky": ("in the sky", "up among the clouds", "on a cloud"),
    "city": ("in a city", "on a street at dusk", "before tall buildings"),
    "volcano": ("by a volcano", "beside an erupting volcano", "on lava rock"),
    "meadow": ("in a meadow", "on a flowery hill", "among wild flowers"),
    "swamp": ("in a swamp", "among reeds and lily pads", "in a murky marsh"),
    "beach": ("on a beach", "at the seaside", "by a palm tree on the sand"),
    "": ("on a plain white background", "with nothing behind it", "against blank white"),
}

POSES: dict[str, tuple[str, ...]] = {
    "standing": ("stands", "waits", "stays", "poses"),
    "raised": ("rears up", "lifts itself up", "leans back"),
    "leaping": ("leaps", "jumps", "hops"),
    "curled": ("sleeps", "naps", "dozes"),
}

POSING: dict[str, tuple[str, ...]] = {
    "standing": ("standing", "resting", "posing"),
    "raised": ("rearing up", "leaning back", "lifting its front"),
    "leaping": ("leaping", "jumping", "in mid-leap"),
    "curled": ("asleep", "sleeping with eyes closed", "taking a nap"),
}

SLEEPY = ("closed eyes", "a sleeping face", "shut eyelids")

MOODS: dict[str, tuple[str, ...]] = {
    "calm": ("a calm look", "wide open eyes", "a quiet face"),
    "cheerful": ("a happy look", "a cheerful face", "a merry face"),
    "fierce": ("a fierce look", "angry brows", "an angry glare"),
}
