// Package suggest finds the name that somebody meant who wrote another one. It
// knows nothing of what the names stand for.
package suggest

import "fmt"

// DidYouMean returns the end of a message about a name that is not known, such as
// `; did you mean "paths"?`, and nothing when none of the known names is near.
func DidYouMean(name string, known []string) string {
	best, nearest := 1+min(3, len(name)/2), "" // one more than may be wrong
	for _, k := range known {
		if d := distance(name, k, best); d < best {
			best, nearest = d, k
		}
	}
	if nearest == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", nearest)
}

// distance counts the bytes to insert, delete or change to make a from b. It
// doesn't count when that is limit or more for sure.
func distance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
