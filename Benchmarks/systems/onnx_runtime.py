"""ONNX Runtime: the operators RNN, LSTM and GRU, inference only."""
import peer

# Where in ONNX's order of gates those of PyTorch stand: i o f c of i f g o, z r h of r z n.
ORDER = {"rnn": [0], "lstm": [0, 3, 1, 2], "gru": [1, 0, 2]}


def load(threads):
    import numpy
    import onnx
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    def model(request):
        cell, hidden = request["cell"], request["hidden"]
        steps, batch = request["sequence_length"], request["batch"]
        order = ORDER[cell]

        def gates(value):
            return numpy.concatenate([numpy.split(value, len(order))[gate] for gate in order])

        w, r, wb, rb = [gates(value) for value in peer.weights(cell, request["input"], hidden)]
        initializers = {"W": w[None], "R": r[None], "B": numpy.concatenate([wb, rb])[None]}
        states = ["h", "c"][:peer.STATES[cell]]
        attributes = {"hidden_size": hidden, **({"linear_before_reset": 1} if cell == "gru" else {})}
        node = helper.make_node(
            cell.upper(), ["X", "W", "R", "B", ""] + [f"initial_{s}" for s in states], ["Y"] + [f"Y_{s}" for s in states], **attributes)

        def value(name, *shape):
            return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

        graph = helper.make_graph(
            [node], cell, [value("X", steps, batch, request["input"])] + [value(f"initial_{s}", 1, batch, hidden) for s in states],
            [value("Y", steps, 1, batch, hidden)] + [value(f"Y_{s}", 1, batch, hidden) for s in states],
            [numpy_helper.from_array(array, name) for name, array in initializers.items()])
        made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        onnx.checker.check_model(made)
        return made.SerializeToString(), states

    def prepare(request):
        if request.get("mode") != "infer":
            raise ValueError("ONNX Runtime is here for inference only")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = request["threads"]
        options.inter_op_num_threads = 1
        serialized, states = model(request)
        session = onnxruntime.InferenceSession(serialized, options, providers=["CPUExecutionProvider"])
        x, initial, y = peer.sequences(request)
        # Inputs and outputs lie where they stay: nothing is copied or allocated in a call.
        binding = session.io_binding()
        values = {"X": x, **{f"initial_{s}": state[None] for s, state in zip(states, initial)}}
        results = {"Y": numpy.empty_like(y[:, None]), **{f"Y_{s}": numpy.empty_like(state[None]) for s, state in zip(states, initial)}}
        values = {name: onnxruntime.OrtValue.ortvalue_from_numpy(numpy.ascontiguousarray(array)) for name, array in values.items()}
        results = {name: onnxruntime.OrtValue.ortvalue_from_numpy(array) for name, array in results.items()}
        for name, value in values.items():
            binding.bind_ortvalue_input(name, value)
        for name, value in results.items():
            binding.bind_ortvalue_output(name, value)

        def call():
            session.run_with_iobinding(binding)

        call()
        return call, peer.checksum([results["Y"].numpy()])

    return {"ONNX Runtime": onnxruntime.__version__, "onnx": onnx.__version__}, lambda threads: None, prepare


if __name__ == "__main__":
    peer.serve(load)
