@_exported import RNN
