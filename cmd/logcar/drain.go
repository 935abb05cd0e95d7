package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/logcar/logcar/config"
)

// drain announces the end of the pod to the logcar that runs with the same
// configuration: a preStop hook for images without a shell.
func drain(f *flags, stdout, _ io.Writer) error {
	cfg, err := config.Load(f.config)
	if err != nil {
		return err
	}
	if cfg.HTTP == nil {
		return errors.New("drain: the configuration has no HTTP endpoint (http.enabled: true)")
	}
	client := &http.Client{Timeout: 2 * time.Second}
	url := "http://" + net.JoinHostPort(cfg.HTTP.Host, strconv.Itoa(cfg.HTTP.Port)) + "/drain"
	if path, ok := strings.CutPrefix(cfg.HTTP.Host, "unix://"); ok {
		client.Transport = &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}}
		url = "http://logcar/drain"
	}
	res, err := client.Post(url, "", nil)
	if err != nil {
		return fmt.Errorf("drain: %w", err)
	}
	defer func() { _ = res.Body.Close() }() // it is not read
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("drain: %s", res.Status)
	}
	fmt.Fprintln(stdout, "logcar knows that the end is near")
	return nil
}
