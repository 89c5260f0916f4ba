package main

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"time"

	"fairlead.dev/bench/router_cpu/http1"
	"fairlead.dev/bench/router_cpu/sockets"
)

const (
	// sent in a stream besides the words: who speaks, why it ended, the last word.
	events = 64 + 3
	// patience for the answers that are still under way when the time is up.
	patience = 20 * time.Second
)

// crowd is all clients of this process.
type crowd struct {
	given   orders
	target  netip.AddrPort
	prompts *prompts
	poller  *sockets.Poller
	chance  *rand.Rand
	clients []*client
	idle    []*client
	overdue []time.Time
	ends    time.Time
	begun   int
	started int
	results results
}

func gather(given orders, target netip.AddrPort, prompts *prompts) (*crowd, error) {
	poller, err := sockets.NewPoller()
	if err != nil {
		return nil, err
	}
	made := &crowd{given: given, target: target, prompts: prompts, poller: poller,
		chance: rand.New(rand.NewPCG(given.seed, 3))}
	for range given.connections {
		client := &client{crowd: made}
		if err := client.connect(); err != nil {
			return nil, err
		}
		made.clients = append(made.clients, client)
	}
	made.idle = append(made.idle, made.clients...)
	return made, nil
}

// drive sends requests until the time is up or the number is reached, and waits for those in flight.
func (c *crowd) drive(now time.Time) error {
	c.ends = now.Add(seconds(c.given.seconds))
	due := now
	for {
		now = time.Now()
		for c.arriving(due) && !due.After(now) {
			c.arrive(due)
			due = due.Add(c.gap())
		}
		wait := patience
		if c.arriving(due) {
			wait = max(0, due.Sub(now))
		} else if len(c.idle) == len(c.clients) || now.After(c.ends.Add(patience)) {
			return nil
		}
		if err := c.poller.Wait(wait); err != nil {
			return err
		}
	}
}

// arriving says whether requests still begin by the clock: all of an open loop, the first of each client of a closed.
func (c *crowd) arriving(due time.Time) bool {
	return c.more(due) && (c.given.rate > 0 || c.started < c.given.connections)
}

// gap is the time to the next arrival.
func (c *crowd) gap() time.Duration {
	if c.given.rate == 0 {
		return seconds(c.given.ramp / float64(c.given.connections))
	}
	return seconds(c.chance.ExpFloat64() / c.given.rate)
}

func seconds(count float64) time.Duration {
	return time.Duration(count * float64(time.Second))
}

func (c *crowd) more(at time.Time) bool {
	return at.Before(c.ends) && (c.given.requests == 0 || c.begun < c.given.requests)
}

// arrive sends a request that is due. With every connection in use it waits, and its time runs from when it was due:
// a slow router may not slow its own clients down.
func (c *crowd) arrive(due time.Time) {
	c.begun++
	c.started++
	if len(c.idle) == 0 {
		c.overdue = append(c.overdue, due)
		return
	}
	c.pop().send(due)
}

func (c *crowd) pop() *client {
	last := c.idle[len(c.idle)-1]
	c.idle = c.idle[:len(c.idle)-1]
	return last
}

// client is one kept connection.
type client struct {
	crowd   *crowd
	stream  *sockets.Stream
	framing http1.Framing
	headed  bool
	asking  bool
	due     time.Time
	first   time.Time
}

func (c *client) connect() error {
	descriptor, err := sockets.Connect(c.crowd.target)
	if err != nil {
		return err
	}
	c.stream, err = sockets.Follow(c.crowd.poller, descriptor, c)
	return err
}

func (c *client) send(due time.Time) {
	c.due, c.first, c.headed, c.asking = due, time.Time{}, false, true
	c.stream.In = c.stream.In[:0]
	if !c.stream.Write(c.crowd.prompts.draw()) {
		c.over(0, time.Now())
	}
}

// Ready takes what came of the answer.
func (c *client) Ready(readable, writable bool) {
	if writable && !c.stream.Flush() {
		c.over(0, time.Now())
		return
	}
	if !readable {
		return
	}
	well := c.stream.Read()
	now := time.Now()
	if !well {
		c.over(0, now)
		return
	}
	if c.first.IsZero() {
		c.first = now
	}
	if !c.headed {
		c.framing, c.headed = http1.Read(c.stream.In)
	}
	if c.headed {
		if end := c.framing.End(c.stream.In); end > 0 {
			c.over(end, now)
		}
	}
}

// over notes a request's end, 0 bytes long where it was cut, and goes on to the next one.
func (c *client) over(end int, now time.Time) {
	if c.asking {
		c.asking = false
		well := end > 0 && c.crowd.results.looks(c.stream.In[:c.framing.Head], c.stream.In[c.framing.Head:end])
		c.crowd.results.note(well, c.due, c.first, now)
	}
	if end == 0 && !c.again() {
		return
	}
	crowd := c.crowd
	switch {
	case len(crowd.overdue) > 0:
		due := crowd.overdue[0]
		crowd.overdue = crowd.overdue[1:]
		c.send(due)
	case crowd.given.rate == 0 && crowd.more(now):
		crowd.begun++
		c.send(now)
	default:
		crowd.idle = append(crowd.idle, c)
	}
}

// again opens another connection in the place of one that ended.
func (c *client) again() bool {
	c.stream.Close()
	c.crowd.results.Reconnects++
	if c.connect() == nil {
		return true
	}
	c.crowd.clients = c.crowd.clients[:len(c.crowd.clients)-1]
	return false
}

var (
	fine     = []byte("HTTP/1.1 200 ")
	event    = []byte("data: ")
	lastWord = []byte("data: [DONE]")
	choices  = []byte(`"choices":[`)
)

// looks says whether an answer is whole: every event of a stream, and of the others the same length each time.
func (r *results) looks(head, body []byte) bool {
	if !bytes.HasPrefix(head, fine) {
		r.keep(head, body)
		return false
	}
	if bytes.Contains(body[:min(len(body), 256)], event) {
		if bytes.Count(body, event) == events && bytes.Contains(body, lastWord) {
			return true
		}
		r.keep(head, body)
		return false
	}
	if r.BodyBytes == 0 {
		r.BodyBytes = len(body)
	}
	if len(body) != r.BodyBytes || !bytes.Contains(body, choices) {
		r.keep(head, body)
		return false
	}
	return true
}
