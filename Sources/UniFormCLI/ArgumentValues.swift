public import ArgumentParser
public import Media
public import UniForm
public import UniFormTraining

extension DataLayout: ExpressibleByArgument {}
extension Sampler: ExpressibleByArgument {}
extension VideoReader.Fit: ExpressibleByArgument {}
extension BenchmarkSubject: ExpressibleByArgument {}
extension GenerationTask: ExpressibleByArgument {}
extension Modality: ExpressibleByArgument {}
extension GenerationRequest.NegativeCondition: ExpressibleByArgument {}
