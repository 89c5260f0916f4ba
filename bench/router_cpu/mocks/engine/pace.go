package main

import "time"

// pace plays streams by the clock, each at its own times: chunks of different streams do not come together, which is
// the dearest case for a router.
type pace struct {
	gap    time.Duration
	queue  []play
	begins int
}

// play is the next chunk of one stream. All gaps are equal, so the queue is ordered by itself.
type play struct {
	guest *guest
	next  int
	due   time.Time
}

func (p *pace) begin(guest *guest) {
	p.queue = append(p.queue, play{guest: guest, due: time.Now().Add(p.gap)})
}

// patience is how long nothing is due.
func (p *pace) patience(now time.Time) time.Duration {
	if p.begins == len(p.queue) {
		return -1
	}
	return max(0, p.queue[p.begins].due.Sub(now))
}

// turn sends what is due.
func (p *pace) turn(now time.Time) {
	for p.begins < len(p.queue) && !p.queue[p.begins].due.After(now) {
		one := p.queue[p.begins]
		p.queue[p.begins].guest = nil
		p.begins++
		if one.play() {
			one.due = one.due.Add(p.gap)
			p.queue = append(p.queue, one)
		}
	}
	if p.begins > 4096 && p.begins*2 > len(p.queue) {
		p.queue = p.queue[:copy(p.queue, p.queue[p.begins:])]
		p.begins = 0
	}
}

// play sends one chunk, the last one with all that ends a stream; false when nothing follows or no client listens.
func (p *play) play() bool {
	guest, made := p.guest, p.guest.house.answers
	if guest.stream.Closed {
		return false
	}
	data := made.events[p.next]
	p.next++
	more := p.next < chunks
	if !more {
		guest.playing = false
		data = append([]byte{}, data...)
		if guest.usage {
			data = append(data, charge(made.usage, guest.prompt, chunks)...)
		}
		data = append(data, made.ending...)
	}
	if !guest.stream.Write(data) {
		guest.leave()
		return false
	}
	return more
}
