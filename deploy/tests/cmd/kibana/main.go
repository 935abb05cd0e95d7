// Command kibana writes the saved objects of deploy/kibana to standard output:
//
//	go run ./cmd/kibana > ../kibana/applog.ndjson
package main

import (
	"fmt"
	"os"

	"github.com/logcar/logcar/deploy/tests/kibana"
)

func main() {
	if err := kibana.Write(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "kibana:", err)
		os.Exit(1)
	}
}
