package main

import (
	"bytes"
	"fmt"
)

// chunks is how many events with text a stream has, and tokens; plainTokens is what the other answer has.
const (
	chunks      = 64
	plainTokens = 22
)

// answers are all bytes that an engine ever sends, made once.
type answers struct {
	plain     []byte
	health    []byte
	models    []byte
	info      []byte
	metrics   []byte
	embedding []byte
	missing   []byte
	head      []byte
	events    [][]byte
	ending    []byte
	usage     []byte
	whole     []byte
	withUsage []byte
}

const (
	created = 1763600000
	// blank stands where a number is written for each request; JSON lets spaces stand before it.
	blank = "         0"
	// bytesPerToken of English in JSON: routers learn it from what engines say, so it may not be made up freely.
	bytesPerToken = 4.5
)

// charge writes what a prompt of so many bytes took, and the sum, into the places left blank for them.
func charge(answer []byte, length, output int) []byte {
	prompt := int(float64(length) / bytesPerToken)
	place(answer, `"prompt_tokens":`, prompt)
	place(answer, `"total_tokens":`, prompt+output)
	return answer
}

func place(answer []byte, name string, number int) {
	at := bytes.LastIndex(answer, []byte(name))
	if at < 0 {
		return
	}
	field := answer[at+len(name):][:len(blank)]
	for here := len(field) - 1; here >= 0; here-- {
		field[here] = ' '
		if number > 0 || here == len(field)-1 {
			field[here] = byte('0' + number%10)
		}
		number /= 10
	}
}

func prepare(model string, page []byte) *answers {
	made := &answers{
		plain: document("200 OK", "application/json", fmt.Appendf(nil, `{"id":"chatcmpl-8d6f4b1d0c5e4f7a","object":`+
			`"chat.completion","created":%d,"model":"%s","choices":[{"index":0,"message":{"role":"assistant","content":`+
			`"The tide turns at noon, and the pilot waits at the outer buoy until the wind is calm enough.","refusal":null,`+
			`"annotations":null,"audio":null,"function_call":null,"tool_calls":[],"reasoning":null},"logprobs":null,`+
			`"finish_reason":"stop","stop_reason":null,"token_ids":null}],"service_tier":null,"system_fingerprint":null,`+
			`"usage":{"prompt_tokens":`+blank+`,"total_tokens":`+blank+`,"completion_tokens":22,`+
			`"prompt_tokens_details":null},`+
			`"prompt_logprobs":null,"prompt_token_ids":null,"kv_transfer_params":null}`, created, model)),
		health: document("200 OK", "text/plain", nil),
		models: document("200 OK", "application/json", fmt.Appendf(nil, `{"object":"list","data":[{"id":"%s","object":`+
			`"model","created":%d,"owned_by":"vllm","root":"%s","parent":null,"max_model_len":32768,"permission":[]}]}`,
			model, created, model)),
		info: document("200 OK", "application/json", fmt.Appendf(nil, `{"model_path":"%s","tokenizer_path":"%s",`+
			`"is_generation":true,"served_model_name":"%s","version":"0.32.0","max_running_requests":256}`,
			model, model, model)),
		metrics: document("200 OK", "text/plain; version=0.0.4; charset=utf-8", page),
		missing: document("404 Not Found", "application/json", []byte(`{"error":{"message":"Not Found","type":`+
			`"NotFoundError","param":null,"code":404}}`)),
		head: []byte("HTTP/1.1 200 OK\r\ndate: Fri, 20 Nov 2026 12:00:00 GMT\r\nserver: uvicorn\r\n" +
			"content-type: text/event-stream; charset=utf-8\r\ntransfer-encoding: chunked\r\n\r\n"),
	}
	made.stream(model)
	return made
}

// stream is laid out as vLLM's: who speaks, the words, why it ended, on demand what it took, and the last word.
func (a *answers) stream(model string) {
	event := func(choices, rest string) []byte {
		return chunk(fmt.Sprintf(`data: {"id":"chatcmpl-8d6f4b1d0c5e4f7a","object":"chat.completion.chunk","created":%d,`+
			`"model":"%s","choices":[%s]%s}`+"\n\n", created, model, choices, rest))
	}
	first := event(`{"index":0,"delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null}`,
		`,"prompt_token_ids":null`)
	for number := range chunks {
		delta := fmt.Sprintf(`{"index":0,"delta":{"content":" word%02d"},"logprobs":null,"finish_reason":null,`+
			`"token_ids":null}`, number)
		a.events = append(a.events, event(delta, ""))
	}
	a.events[0] = append(first, a.events[0]...)
	last := event(`{"index":0,"delta":{"content":""},"logprobs":null,"finish_reason":"stop","stop_reason":null}`, "")
	a.ending = append(append([]byte{}, chunk("data: [DONE]\n\n")...), "0\r\n\r\n"...)
	a.usage = event("", `,"usage":{"prompt_tokens":`+blank+`,"total_tokens":`+blank+`,"completion_tokens":64}`)
	a.events[chunks-1] = append(a.events[chunks-1], last...)
	text := bytes.Join(a.events, nil)
	a.whole = bytes.Join([][]byte{a.head, text, a.ending}, nil)
	a.withUsage = bytes.Join([][]byte{a.head, text, a.usage, a.ending}, nil)
}

func chunk(text string) []byte {
	return fmt.Appendf(nil, "%x\r\n%s\r\n", len(text), text)
}

func document(status, kind string, body []byte) []byte {
	head := fmt.Appendf(nil, "HTTP/1.1 %s\r\ndate: Fri, 20 Nov 2026 12:00:00 GMT\r\nserver: uvicorn\r\n"+
		"content-length: %d\r\ncontent-type: %s\r\n\r\n", status, len(body), kind)
	return append(head, body...)
}
