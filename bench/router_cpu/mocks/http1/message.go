// Package http1 finds where a message ends; it reads just enough of HTTP/1.1 for programs that know each other.
package http1

import (
	"bytes"
	"strconv"
)

var (
	headEnd   = []byte("\r\n\r\n")
	lineEnd   = []byte("\r\n")
	length    = []byte("content-length")
	encoding  = []byte("transfer-encoding")
	inChunks  = []byte("chunked")
	lastChunk = []byte("0\r\n\r\n")
)

// Framing says how the body behind a head is measured.
type Framing struct {
	Head    int
	Length  int
	Chunked bool
}

// Read looks at a head that begins the data; false while it is not whole.
func Read(data []byte) (Framing, bool) {
	end := bytes.Index(data, headEnd)
	if end < 0 {
		return Framing{}, false
	}
	framing := Framing{Head: end + len(headEnd)}
	for rest := data[:end+len(lineEnd)]; len(rest) > 0; {
		line, after, _ := bytes.Cut(rest, lineEnd)
		rest = after
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch {
		case bytes.EqualFold(name, length):
			framing.Length, _ = strconv.Atoi(string(bytes.TrimSpace(value)))
		case bytes.EqualFold(name, encoding):
			framing.Chunked = bytes.Contains(bytes.ToLower(value), inChunks)
		}
	}
	return framing, true
}

// End is the length of the whole message, or 0 while something is missing. A chunked one is over where the data ends
// with the last chunk: nothing follows before it was answered, and no event of ours ends so.
func (f Framing) End(data []byte) int {
	if !f.Chunked {
		if len(data) >= f.Head+f.Length {
			return f.Head + f.Length
		}
		return 0
	}
	if len(data) >= f.Head+len(lastChunk) && bytes.HasSuffix(data, lastChunk) {
		return len(data)
	}
	return 0
}
