"""`fit --test`: whether coefficients, or sums of them, are what is supposed."""

import csv


def add_option(group):
    group.add_argument(
        "--test",
        dest="tests",
        action="append",
        metavar="TEXT",
        help="F test of 'area = 2*rooms, age = 0', or of columns, groups or terms that are 0 all "
        "together: city,age; may be given more than once",
    )


def tested(found, texts):
    """[(text, Test)] of an `Inference`; a ValueError for names that it has not."""
    return [(text, _tested(found, text)) for text in texts or ()]


def _tested(found, text):
    known = {*found.names, *dict(found.terms)}
    (names,) = [[text]] if text in known else csv.reader([text], skipinitialspace=True)
    names = [name.strip() for name in names if name.strip()]
    if not names:
        raise ValueError("--test says nothing: write 'area = 2*rooms', or names of columns")
    return found.test(drop=names) if known.issuperset(names) else found.test(text)


def lines(tests):
    """What is printed of them."""
    return ["", *(f"test of {text}: {test!r}" for text, test in tests)] if tests else []


def plain(tests):
    """What the JSON file has of them."""
    return [{"test": text, **test.to_dict()} for text, test in tests]
