"""Languages: in which of the site's languages, or in Russian, a text is written, as its smallest words show it."""

SMALLEST = {
    "en": "the a and is are we you i of to in for it this that with have our your can would do does my be",
    "es": "el la los las un una y es son de en para con por que mi su lo se tiene hay esta este si como muy al del nos",
    "de": "der die das ein eine und ist sind wir sie ich nicht mit fur auf zu im von den dem haben wie auch gibt es",
    "nl": "de het een en is zijn wij u ik niet met voor op te van in er dit dat heeft kan we ook nog om bij naar",
    "fr": "le la les un une et est sont nous vous je de du des en pour avec par que qui ce il y au ne pas mon votre",
    "sv": "det den en ett och ar vi ni jag inte med for pa till av som har kan om i finns att er vill",
    "ru": "и в на не с по для что как мы вы я от до у из за это есть или можно ваш вас нас ли если от при так уже",
}
_OF_WORD = {
    word: tuple(language for language, words in SMALLEST.items() if word in words.split())
    for word in {word for words in SMALLEST.values() for word in words.split()}
}
ENOUGH = 2


def spoken(tokens: list[str]) -> str | None:
    """The language most of the small words among these folded words belong to; None below two, or in doubt."""
    counts = dict.fromkeys(SMALLEST, 0)
    for token in tokens:
        for language in _OF_WORD.get(token, ()):
            counts[language] += 1
    first, second = sorted(counts, key=lambda language: -counts[language])[:2]
    return first if counts[first] >= ENOUGH and counts[first] > counts[second] else None
