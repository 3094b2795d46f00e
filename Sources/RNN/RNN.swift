@_exported import RNNCells
@_exported import RNNData
@_exported import RNNLayers
@_exported import RNNTasks
@_exported import RNNTensor
@_exported import RNNTraining
