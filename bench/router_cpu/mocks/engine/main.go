// Engine is a mock of several LLM engines in one process: answers at once or by the clock, and counts what it saw.
package main

import (
	"flag"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"time"

	"fairlead.dev/bench/router_cpu/sockets"
)

func main() {
	listen := flag.String("listen", "127.0.0.28:8281", "addresses, with commas between them; each is one engine")
	model := flag.String("model", "chat", "the name it serves")
	metrics := flag.String("metrics", "", "a file that /metrics answers with")
	gap := flag.Duration("gap", 10*time.Millisecond, "between two chunks of a paced stream")
	flag.Parse()
	runtime.LockOSThread()
	if err := serve(*listen, *model, *metrics, *gap); err != nil {
		fmt.Fprintln(os.Stderr, "engine:", err)
		os.Exit(1)
	}
}

func serve(listen, model, metrics string, gap time.Duration) error {
	page := []byte("# no page\n")
	if metrics != "" {
		content, err := os.ReadFile(metrics)
		if err != nil {
			return err
		}
		page = content
	}
	poller, err := sockets.NewPoller()
	if err != nil {
		return err
	}
	house := &house{answers: prepare(model, page), pace: &pace{gap: gap}, poller: poller}
	for _, text := range strings.Split(listen, ",") {
		at, err := netip.ParseAddrPort(text)
		if err != nil {
			return err
		}
		if err := house.open(at); err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	}
	fmt.Println("ready")
	for {
		if err := poller.Wait(house.pace.patience(time.Now())); err != nil {
			return err
		}
		house.pace.turn(time.Now())
	}
}
