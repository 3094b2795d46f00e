"""The systems that are compared: each a process that answers requests, a line of JSON each."""
import json
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))


class System:
    """A process that is kept alive and measures when it is asked to."""

    def __init__(self, name, command):
        self.name = name
        self.failed = None
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.greeting = self._read()
        if "missing" in self.greeting:
            self.failed = self.greeting["missing"]

    def _read(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else {"missing": f"its process ended with code {self.process.wait()}"}

    def ask(self, request):
        """The answer; nothing if the system can't do that."""
        if self.failed:
            return None
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            pass  # the reading says how it ended
        answer = self._read()
        if "missing" in answer:
            self.failed = answer["missing"]
            print(f"{self.name} fell silent at {request}: {self.failed}", file=sys.stderr)
            return None
        return answer

    def cpu_seconds(self):
        """Time its threads have run so far; nothing where the system doesn't tell."""
        try:
            with open(f"/proc/{self.process.pid}/stat") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError:
            return None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def end(self):
        self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()


PEERS = {"PyTorch": "pytorch.py", "ONNX Runtime": "onnx_runtime.py", "JAX": "jax_scan.py"}


def start(rnn, peers, threads):
    """Ours and those of the peers that are installed."""
    systems = [System("ours", [rnn, "bench", "--requests", "--threads", str(threads)])]
    if systems[0].failed:
        sys.exit(f"{rnn} bench: {systems[0].failed}")
    for name in peers:
        system = System(name, [sys.executable, os.path.join(HERE, "systems", PEERS[name]), str(threads)])
        if system.failed:
            print(f"{name} is left out: {system.failed} (see Benchmarks/README.md)", file=sys.stderr)
        else:
            systems.append(system)
    return systems
