"""What the process of every peer does: read a request a line from standard input, measure, answer a line.

A request is a dictionary: cell (rnn, lstm, gru), sequence_length, batch, input, hidden, mode (infer, train), threads, seconds.
"""
import json
import os
import sys
import time

GATES = {"rnn": 1, "lstm": 4, "gru": 3}
STATES = {"rnn": 1, "lstm": 2, "gru": 1}


def weights(cell, input, hidden):
    """w_ih [G·H, I], w_hh [G·H, H], b_ih [G·H], b_hh [G·H] in PyTorch's order of gates, the same for every peer."""
    import numpy
    random = numpy.random.default_rng(1)
    rows, reach = GATES[cell] * hidden, hidden ** -0.5
    return [random.uniform(-reach, reach, shape).astype("float32") for shape in ((rows, input), (rows, hidden), (rows,), (rows,))]


def sequences(request):
    """Inputs x [T, B, I], the initial states [B, H] each, and the gradient of the outputs [T, B, H]."""
    import numpy
    random = numpy.random.default_rng(2)
    steps, batch, hidden = request["sequence_length"], request["batch"], request["hidden"]
    uniform = lambda *shape: random.uniform(-1, 1, shape).astype("float32")
    initial = [numpy.zeros((batch, hidden), "float32") for _ in range(STATES[request["cell"]])]
    return uniform(steps, batch, request["input"]), initial, uniform(steps, batch, hidden)


def checksum(arrays):
    """One number that two systems agree on if they computed the same."""
    import numpy
    return float(sum(numpy.abs(numpy.asarray(array, "float64")).mean() for array in arrays))


FEWEST_ROUNDS, MOST_ROUNDS = 3, 50


def time_of(call, duration):
    """The median time of a call over rounds, after a quarter of `duration` to settle: as `rnn bench` measures itself."""
    clock = time.perf_counter

    def seconds(calls):
        start = clock()
        for _ in range(calls):
            call()
        return (clock() - start) / calls

    start = clock()
    calls, last = 1, seconds(1)
    while clock() - start < duration / 4:
        calls = max(1, int(min(duration / MOST_ROUNDS / max(last, 1e-9), 1e6)))
        last = seconds(calls)
    rounds = []
    while len(rounds) < FEWEST_ROUNDS or clock() - start < duration * 1.25:
        rounds.append(seconds(calls))
    rounds.sort()
    return (rounds[len(rounds) // 2] + rounds[(len(rounds) - 1) // 2]) / 2, len(rounds)


def serve(load):
    """Answers requests until there are no more.

    `load(threads)` imports the system and returns its versions, a function that is called with the number of threads before
    each measurement, and one that makes of a request the call to be measured and the checksum of what it computes.
    """
    # Whatever a library prints must not stand among the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(value):
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    try:
        versions, use_threads, prepare = load(int(sys.argv[1]))
    except ImportError as error:
        return answer({"missing": str(error)})
    answer({"versions": versions})
    prepared = {}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            use_threads(request["threads"])
            if "model" in request:
                answer(prepare(request))
                continue
            duration = request.pop("seconds")
            key = json.dumps(request, sort_keys=True)
            if key not in prepared:
                prepared[key] = prepare(request)
            call, total = prepared[key]
            seconds, rounds = time_of(call, duration)
            answer({"seconds": seconds, "rounds": rounds, "checksum": total})
        except Exception as error:  # the run goes on without this figure
            answer({"error": f"{type(error).__name__}: {error}"})
