// Load requests chat completions of one address over kept connections, as fast as answers come or at a given rate, and
// prints what came of it as one line of JSON. Every answer is looked at: a fast wrong one counts as a failure.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"time"
)

// orders are what the command line says.
type orders struct {
	target      string
	connections int
	seconds     float64
	requests    int
	rate        float64
	words       int
	shared      int
	streams     bool
	keys        string
	model       string
	seed        uint64
	ramp        float64
}

func main() {
	var given orders
	flag.StringVar(&given.target, "target", "127.0.0.27:8270", "address")
	flag.IntVar(&given.connections, "connections", 32, "kept connections; as many requests run at most")
	flag.Float64Var(&given.seconds, "seconds", 5, "how long requests begin")
	flag.IntVar(&given.requests, "requests", 0, "how many at most; 0: as many as there is time for")
	flag.Float64Var(&given.rate, "rate", 0, "requests a second at random moments; 0: the next one follows each answer")
	flag.IntVar(&given.words, "words", 100, "of a prompt")
	flag.IntVar(&given.shared, "shared", 40, "of them, at its beginning, that a group of prompts has in common")
	flag.BoolVar(&given.streams, "streams", false, "ask for streams")
	flag.StringVar(&given.keys, "keys", "key-0", "of tenants, with commas between them")
	flag.StringVar(&given.model, "model", "chat", "requested by this name")
	flag.Uint64Var(&given.seed, "seed", 7, "of the prompts and of the moments")
	flag.Float64Var(&given.ramp, "ramp", 0, "seconds over which clients of a closed loop begin: their streams interleave")
	flag.Parse()
	runtime.LockOSThread()
	found, err := run(given)
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
	_ = json.NewEncoder(os.Stdout).Encode(found)
}

func run(given orders) (*summary, error) {
	target, err := netip.ParseAddrPort(given.target)
	if err != nil {
		return nil, err
	}
	crowd, err := gather(given, target, newPrompts(given, strings.Split(given.keys, ",")))
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	if err := crowd.drive(begun); err != nil {
		return nil, err
	}
	return crowd.summary(time.Since(begun)), nil
}
