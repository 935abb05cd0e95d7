package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// quantile is the smallest value that at least the share q of the values does
// not exceed (the nearest rank). It sorts values.
func quantile[T cmp.Ordered](values []T, q float64) T {
	slices.Sort(values)
	rank := int(math.Ceil(q * float64(len(values))))
	return values[min(max(rank, 1), len(values))-1]
}

// median is the middle value, or the mean of the two in the middle. It sorts
// values.
func median(values []float64) float64 {
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// spread shows the smallest and the greatest value.
func spread(values []float64) string {
	return fmt.Sprintf("%s to %s in %d", number(slices.Min(values)), number(slices.Max(values)), len(values))
}
