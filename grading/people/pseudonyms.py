"""Friendly names behind which students stand on a public board: the same student, the same name, all term long."""

import hmac
from collections import Counter
from collections.abc import Collection

ADJECTIVES = tuple(
    """
    Agile Amber Azure Balmy Bold Brave Breezy Bright Brisk Calm Candid Cheery Civil Clever Coral Cosy Crimson Curious
    Dapper Daring Deft Eager Early Earnest Elegant Fair Famous Fearless Fleet Fond Frank Gallant Gentle Glad Golden
    Graceful Grand Happy Hardy Honest Humble Ivory Jade Jaunty Jolly Jovial Keen Kind Lively Loyal Lucid Lucky Mellow
    Merry Mighty Modest Nimble Noble Novel Olive Patient Placid Plucky Proud Quick Quiet Radiant Ready Robust Rosy Ruby
    Sage Serene Silent Silver Snappy Sober Solid Spry Steady Sunny Swift Tender Tidy Tranquil Upbeat Valiant Velvet
    Vivid Warm Wise Witty Zesty
    """.split()
)
ANIMALS = tuple(
    """
    Albatross Alpaca Antelope Badger Bat Beaver Bison Bittern Bobcat Bumblebee Buzzard Caribou Chamois Cheetah Condor
    Coot Cormorant Cougar Crane Cricket Curlew Deer Dolphin Dormouse Dove Dragonfly Dunlin Eagle Egret Eider Elk Ermine
    Falcon Ferret Finch Firefly Flamingo Fox Gazelle Gecko Gibbon Giraffe Goldfinch Grebe Grouse Hare Harrier Hawk
    Hedgehog Heron Hoopoe Ibex Ibis Impala Jackdaw Jaguar Jay Kestrel Kingfisher Kite Koala Lapwing Lark Lemur Leopard
    Lynx Magpie Manatee Marmot Marten Meerkat Mole Moose Narwhal Newt Nightingale Ocelot Okapi Oriole Osprey Otter Owl
    Panda Panther Partridge Pelican Penguin Petrel Pika Plover Puffin Puma Quail Quokka Rabbit Raven Redstart Robin
    Salamander Sandpiper Seal Shrew Siskin Skylark Sparrow Squirrel Starling Stoat Stork Swallow Swan Tapir Teal
    Tern Thrush Tiger Toucan Turtle Vole Wagtail Walrus Warbler Weasel Whale Wolf Wombat Wren Yak Zebra
    """.split()
)
LEAST_SECRET = 16
"""Bytes. Whoever guesses the secret reads every name."""


def pseudonyms(students: Collection[str], secret: bytes) -> dict[str, str]:
    """By student a name like "Amber Otter", all different; it tells nothing of the student without the secret.

    Who shares a name with another gets a number behind it, so that nobody ever bears a name that was another's. Give
    the whole course, not only those who handed something in: then numbers stay too. Raises ValueError for a secret
    that can be guessed.
    """
    if len(secret) < LEAST_SECRET:
        raise ValueError(f"the secret has {len(secret)} bytes; with fewer than {LEAST_SECRET} it can be guessed")
    numbers = {student: _number(student, secret) for student in students}
    names = {student: _name(number) for student, number in numbers.items()}
    digits = 1
    while len(set(names.values())) < len(names):
        digits += 1
        shared = Counter(_name(number) for number in numbers.values())
        for student, number in numbers.items():
            name = _name(number)
            # The first digits: the last ones of numbers that make the same name are much alike.
            names[student] = name if shared[name] == 1 else f"{name} {str(number)[:digits]}"
    return names


def _number(student: str, secret: bytes) -> int:
    # The prefix keeps these digests apart from all others made with the same secret.
    return int.from_bytes(hmac.digest(secret, b"pseudonym\0" + student.encode(), "sha256"))


def _name(number: int) -> str:
    rest, adjective = divmod(number, len(ADJECTIVES))
    return f"{ADJECTIVES[adjective]} {ANIMALS[rest % len(ANIMALS)]}"
