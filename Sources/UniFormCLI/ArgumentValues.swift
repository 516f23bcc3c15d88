public import ArgumentParser
public import Media
public import UniForm

extension Sampler: ExpressibleByArgument {}
extension VideoReader.Fit: ExpressibleByArgument {}
extension BenchmarkSubject: ExpressibleByArgument {}
extension GenerationTask: ExpressibleByArgument {}
