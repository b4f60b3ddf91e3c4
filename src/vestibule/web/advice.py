"""What zxcvbn advises, by keys: pages and programs are told it in the visitor's language.

Its sentences are few and fixed. One that is not here, of a later version, is left out.
"""

from __future__ import annotations

from collections.abc import Iterable

KEYS = {
    "Use a few words, avoid common phrases.": "few_words",
    "No need for symbols, digits, or uppercase letters.": "no_signs",
    "Add another word or two. Uncommon words are better.": "more_words",
    "Straight rows of keys are easy to guess.": "row",
    "Short keyboard patterns are easy to guess.": "pattern",
    "Use a longer keyboard pattern with more turns.": "longer_pattern",
    'Repeats like "aaa" are easy to guess.': "repeated_sign",
    'Repeats like "abcabcabc" are only slightly harder to guess than "abc".': "repeated_part",
    "Avoid repeated words and characters.": "no_repeats",
    'Sequences like "abc" or "6543" are easy to guess.': "sequence",
    "Avoid sequences.": "no_sequences",
    "Recent years are easy to guess.": "year",
    "Avoid recent years.": "no_years",
    "Avoid years that are associated with you.": "no_own_years",
    "Dates are often easy to guess.": "date",
    "Avoid dates and years that are associated with you.": "no_own_dates",
    "This is a top-10 common password.": "top_10",
    "This is a top-100 common password.": "top_100",
    "This is a very common password.": "very_common",
    "This is similar to a commonly used password.": "like_common",
    "A word by itself is easy to guess.": "one_word",
    "Names and surnames by themselves are easy to guess.": "one_name",
    "Common names and surnames are easy to guess.": "names",
    "Capitalization doesn't help very much.": "capital",
    "All-uppercase is almost as easy to guess as all-lowercase.": "capitals",
    "Reversed words aren't much harder to guess.": "reversed",
    "Predictable substitutions like '@' instead of 'a' don't help very much.": "swapped",
}


def keys_of(sentences: Iterable[str]) -> list[str]:
    """The keys of the words that say the same as ``sentences``."""
    return [f"advice.{KEYS[sentence]}" for sentence in sentences if sentence in KEYS]
