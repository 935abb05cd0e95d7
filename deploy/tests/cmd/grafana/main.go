// Command grafana writes the dashboard of deploy/grafana to standard output:
//
//	go run ./cmd/grafana > ../grafana/dashboard.json
package main

import (
	"fmt"
	"os"

	"github.com/logcar/logcar/deploy/tests/grafana"
)

func main() {
	if err := grafana.Write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "grafana:", err)
		os.Exit(1)
	}
}
