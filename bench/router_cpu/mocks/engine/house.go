package main

import (
	"bytes"
	"encoding/json"
	"net/netip"

	"fairlead.dev/bench/router_cpu/http1"
	"fairlead.dev/bench/router_cpu/sockets"
)

// house is all engines of this process, and what they counted together.
type house struct {
	answers *answers
	pace    *pace
	paced   bool
	poller  *sockets.Poller
	counts  counts
}

// counts is what /bench/counts returns.
type counts struct {
	Connections int            `json:"connections"`
	Open        int            `json:"open"`
	Requests    int            `json:"requests"`
	Streams     int            `json:"streams"`
	Aborts      int            `json:"aborts"`
	ByEngine    map[string]int `json:"by_engine"`
}

type door struct {
	house     *house
	listening int
	name      string
}

func (h *house) open(at netip.AddrPort) error {
	listening, err := sockets.Listen(at)
	if err != nil {
		return err
	}
	if h.counts.ByEngine == nil {
		h.counts.ByEngine = map[string]int{}
	}
	return h.poller.Add(listening, &door{house: h, listening: listening, name: at.String()})
}

// Ready takes everybody who waits at the door.
func (d *door) Ready(bool, bool) {
	for {
		descriptor, some := sockets.Accept(d.listening)
		if !some {
			return
		}
		guest := &guest{house: d.house, engine: d.name}
		stream, err := sockets.Follow(d.house.poller, descriptor, guest)
		if err != nil {
			return
		}
		guest.stream = stream
		d.house.counts.Connections++
		d.house.counts.Open++
	}
}

// guest is one connection to one engine.
type guest struct {
	house   *house
	engine  string
	stream  *sockets.Stream
	playing bool
	usage   bool
	prompt  int
}

// Ready reads requests and answers them; a connection that ends in the middle of a stream is an abort.
func (g *guest) Ready(readable, writable bool) {
	if writable && !g.stream.Flush() {
		g.leave()
		return
	}
	if !readable {
		return
	}
	if !g.stream.Read() {
		g.leave()
		return
	}
	framing, whole := http1.Read(g.stream.In)
	if !whole {
		return
	}
	end := framing.End(g.stream.In)
	if end == 0 {
		return
	}
	well := g.answer(g.stream.In[:framing.Head], g.stream.In[framing.Head:end])
	g.stream.In = g.stream.In[:0]
	if !well {
		g.leave()
	}
}

func (g *guest) leave() {
	if g.stream.Closed {
		return
	}
	if g.playing {
		g.house.counts.Aborts++
	}
	g.house.counts.Open--
	g.stream.Close()
}

var (
	post     = []byte("POST /v1/")
	streamed = []byte(`"stream":true`)
	spaced   = []byte(`"stream": true`)
	asksCost = []byte(`"include_usage":true`)
)

func (g *guest) answer(head, body []byte) bool {
	if !bytes.HasPrefix(head, post) {
		return g.stream.Write(g.elsewhere(head))
	}
	counts := &g.house.counts
	counts.Requests++
	counts.ByEngine[g.engine]++
	if !bytes.Contains(body, streamed) && !bytes.Contains(body, spaced) {
		return g.stream.Write(charge(g.house.answers.plain, len(body), plainTokens))
	}
	counts.Streams++
	g.usage, g.prompt = bytes.Contains(body, asksCost), len(body)
	if g.house.paced {
		g.playing = true
		g.house.pace.begin(g)
		return g.stream.Write(g.house.answers.head)
	}
	if g.usage {
		return g.stream.Write(charge(g.house.answers.withUsage, len(body), chunks))
	}
	return g.stream.Write(g.house.answers.whole)
}

// elsewhere answers what is no request for tokens; /bench/* is spoken by the harness alone.
func (g *guest) elsewhere(head []byte) []byte {
	_, rest, _ := bytes.Cut(head, []byte(" "))
	path, _, _ := bytes.Cut(rest, []byte(" "))
	made := g.house.answers
	switch string(path) {
	case "/health", "/health_generate", "/ping":
		return made.health
	case "/v1/models":
		return made.models
	case "/metrics":
		return made.metrics
	case "/get_model_info", "/model_info", "/get_server_info", "/server_info", "/version":
		return made.info
	case "/bench/paced", "/bench/coalesced":
		g.house.paced = string(path) == "/bench/paced"
		return made.health
	case "/bench/counts":
		content, _ := json.Marshal(g.house.counts)
		return document("200 OK", "application/json", content)
	}
	return made.missing
}
