"""Runs a MutatingAdmissionPolicy on an object, as an API server would: an oracle that shares no code with the program.

stdin: {"policies": [...], "object": {...}, "old": {...} or null}. stdout: the object as it is then.
CEL itself is the package common-expression-language; it knows no messages, so that JSONPatch{...} is written as a map.
"""

import copy
import json
import sys

import cel


def escape_key(key):
    return key.replace("~", "~0").replace("/", "~1")


def evaluate(expression, variables, request):
    context = cel.Context()
    for name, value in {**request, "variables": variables}.items():
        context.add_variable(name, value)
    context.add_function("escapeKey", escape_key)
    plain = expression.replace("jsonpatch.escapeKey(", "escapeKey(").replace("JSONPatch{op:", '{"op":')
    return cel.evaluate(plain.replace(", path:", ', "path":').replace(", value:", ', "value":'), context)


def add(target, path, value):
    *parents, last = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
    for part in parents:
        target = target[part]
    target[last] = value


def main():
    given = json.load(sys.stdin)
    kind = given["object"]["kind"].lower() + "s"
    policy = next(known for known in given["policies"] if known["kind"] == "MutatingAdmissionPolicy"
                  and known["spec"]["matchConstraints"]["resourceRules"][0]["resources"] == [kind])
    operation = "UPDATE" if given["old"] else "CREATE"
    request = {"object": given["object"], "oldObject": given["old"], "request": {"operation": operation}}
    spec, result = policy["spec"], copy.deepcopy(given["object"])
    if all(evaluate(condition["expression"], {}, request) for condition in spec["matchConditions"]):
        variables = {}
        for variable in spec["variables"]:
            variables[variable["name"]] = evaluate(variable["expression"], variables, request)
        for mutation in spec["mutations"]:
            for operation in evaluate(mutation["jsonPatch"]["expression"], variables, request):
                assert operation["op"] == "add", operation
                add(result, operation["path"], operation["value"])
    json.dump(result, sys.stdout)


main()
