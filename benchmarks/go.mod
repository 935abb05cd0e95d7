module github.com/logcar/logcar/benchmarks

go 1.26.0

require github.com/logcar/logcar v0.0.0

replace github.com/logcar/logcar => ../
