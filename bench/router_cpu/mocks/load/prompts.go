package main

import (
	"fmt"
	"math/rand/v2"
	"strings"
)

const (
	// groups of prompts begin alike: so many system prompts, documents or few-shot examples are in use at once.
	groups = 64
	// recent sessions ask again; half of all requests are such, the other half has never been seen.
	recent = 1024
	digits = 12
)

var vocabulary = strings.Fields(`tide harbour pilot buoy chart wind calm keel rope anchor light fog channel depth swell
	current berth crane cargo hull deck mast sail storm signal radio watch course speed bearing north south east west
	morning evening captain engine shaft rudder beacon island shore reef sand rock bridge tug ferry lock quay pier`)

// prompts are requests that are nearly ready: of each group one, with a place for what makes a session.
type prompts struct {
	chance   *rand.Rand
	requests [][]byte
	places   []int
	sessions []session
	next     int
}

type session struct {
	group  int
	serial uint64
}

func newPrompts(given orders, keys []string) *prompts {
	made := &prompts{chance: rand.New(rand.NewPCG(given.seed, 1))}
	for group := range groups {
		key := keys[group%len(keys)]
		request, place := one(given, key, group)
		made.requests = append(made.requests, request)
		made.places = append(made.places, place)
	}
	return made
}

// one lays a request out as the official client does; the session's mark is the first word that is not shared.
func one(given orders, key string, group int) ([]byte, int) {
	words := rand.New(rand.NewPCG(uint64(group), 2))
	mark := strings.Repeat("0", digits)
	body := fmt.Sprintf(`{"messages":[{"role":"system","content":"%s"},{"role":"user","content":"%s %s"}],"model":"%s",`+
		`"max_tokens":64,"temperature":0.7,"stream":%t}`, text(words, given.shared), mark,
		text(words, given.words-given.shared-1), given.model, given.streams)
	head := fmt.Sprintf("POST /v1/chat/completions HTTP/1.1\r\nHost: %s\r\nAccept-Encoding: gzip, deflate\r\n"+
		"Connection: keep-alive\r\nAccept: application/json\r\nContent-Type: application/json\r\n"+
		"User-Agent: OpenAI/Python 2.54.0\r\nX-Stainless-Lang: python\r\nX-Stainless-Async: false\r\n"+
		"Authorization: Bearer %s\r\nContent-Length: %d\r\n\r\n", given.target, key, len(body))
	request := head + body
	return []byte(request), strings.LastIndex(request, mark)
}

func text(words *rand.Rand, count int) string {
	chosen := make([]string, count)
	for place := range chosen {
		chosen[place] = vocabulary[words.IntN(len(vocabulary))]
	}
	return strings.Join(chosen, " ")
}

// draw is the next request; it is valid until the next one is drawn.
func (p *prompts) draw() []byte {
	var drawn session
	if len(p.sessions) > 0 && p.chance.IntN(2) == 0 {
		drawn = p.sessions[p.chance.IntN(len(p.sessions))]
	} else {
		drawn = session{group: p.chance.IntN(groups), serial: p.chance.Uint64()}
		p.remember(drawn)
	}
	request := p.requests[drawn.group]
	mark := request[p.places[drawn.group]:][:digits]
	for place := range mark {
		mark[place] = "0123456789abcdef"[drawn.serial>>(4*place)&15]
	}
	return request
}

func (p *prompts) remember(one session) {
	if len(p.sessions) < recent {
		p.sessions = append(p.sessions, one)
		return
	}
	p.sessions[p.next] = one
	p.next = (p.next + 1) % recent
}
