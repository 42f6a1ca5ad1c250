"""Write the README's results table and picture from a bench.

python benchmarks/update_readme.py [bench.json]    the file of `linreg-fast bench --json`; without
                                                   one the bench is run first (about two minutes)
"""

from from_bench import content, measured_on
from readme import HERE, write_section

from linreg_fast.bench import pictures, record
from linreg_fast.bench.table import digits
from linreg_fast.wording import amount, seconds

SHOWN = ("gradient", "fit")  # in the picture


FACTS = ("model", "cores", "vector", "blas", "python", "numba", "numpy", "scipy", "scikit-learn")


def results(found, tables):
    """The markdown between the markers."""
    yield from measured_on(found, *FACTS)
    for table in tables:
        other = "x fastest" if table["problem"] == "fit" else "x above"
        yield ""
        yield f"**{record.TITLES[table['problem']]}**, {table['data']} {record.size_of(table)}:"
        yield table["sentence"]
        yield ""
        yield f"| | time | of limit | {other} | where the time goes | held beside | digits |"
        yield "|---|---:|---:|---:|---|---:|---:|"
        yield from map(_line, table["rows"])
    yield ""
    yield "~: measured on fewer rows and scaled. In brackets: 98% intervals."


def _line(row):
    if row["median"] is None:
        return f"| {row['name']} | {row['note'] or 'wrong'} | | | | | |"
    about = "~" if row["scaled"] else ""
    speed = record.speed_up(row["against"])
    ratio = f"{speed[0]:.2g} ({speed[1]:.2g}-{speed[2]:.2g})" if speed else ""
    return (
        f"| {row['name']} | {about}{seconds(row['median'])} | {record.percent(row['percent'])} | "
        f"{ratio} | {record.where(row)} | {amount(row['temporaries'])}B | "
        f"{digits(row['disagreement'])} |"
    )


def main():
    found = content(__doc__)
    tables = [table for table in found["tables"] if table["data"] == "generated"]
    write_section("results", "\n".join(results(found, tables)))
    shown = [table for table in tables if table["problem"] in SHOWN]
    pictures.save(HERE / "ladder.png", {"tables": shown})


if __name__ == "__main__":
    main()
