#!/usr/bin/env python3
"""record_drift.py SCHEMA MAN-PAGE - what the RECORDS of the man page lack of the schema.

A field has to be the tag of an item, or a literal, and each value that it can have a literal in an
item about it, or the tag of an item in that one; and an item has to be about fields that there are.
stdout  a line for each difference
exit    0 none; 1 some
"""
import json
import re
import sys


def walk(node, found):
    """Collects into found[NAME] the words that the property of that name can be."""
    if isinstance(node, list):
        for one in node:
            walk(one, found)
    elif isinstance(node, dict):
        for name, rule in node.get("properties", {}).items():
            words = rule.get("enum", []) + rule.get("items", {}).get("enum", [])
            found.setdefault(name, set()).update(word for word in words if isinstance(word, str))
        for one in node.values():
            walk(one, found)


def items(page):
    """The tags and the literals of each item of the RECORDS."""
    part = re.search(r"^\.Sh RECORDS.*?(?=^\.Sh )", page, re.M | re.S)
    for item in re.split(r"\n\.It (?!Ql )", part.group() if part else "")[1:]:
        tag, _, text = item.partition("\n")
        yield set(tag.split()) - {","}, set(re.findall(r"^\.(?:It )?Ql (\S+)", text, re.M))


def main():
    schema, page = (open(path, encoding="utf-8").read() for path in sys.argv[1:3])
    fields = {}
    walk(json.loads(schema), fields)
    told = list(items(page))
    differences = []
    for name, words in sorted(fields.items()):
        about = [literals for tags, literals in told if name in tags or name in literals]
        if not about:
            differences.append(f"missing: {name}")
        for word in sorted(words - set().union(*about)) if about else []:
            differences.append(f"missing: {name}: {word}")
    for tags, _ in told:
        differences += [f"not in the schema: {tag}" for tag in sorted(tags - fields.keys())]
    for line in differences:
        print(line)
    return 1 if differences else 0


sys.exit(main())
