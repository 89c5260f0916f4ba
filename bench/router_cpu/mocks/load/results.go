package main

import (
	"math"
	"time"
)

// buckets are 1 % wide each, from a microsecond up; the last one takes all that is longer.
const buckets = 2200

var width = math.Log(1.01)

// results are counts; they do not grow with the number of requests.
type results struct {
	BodyBytes  int
	Reconnects int
	well       int
	failed     int
	wrong      string
	first      [buckets]int
	whole      [buckets]int
	firstSum   time.Duration
	wholeSum   time.Duration
}

func (r *results) note(well bool, due, first, now time.Time) {
	if !well {
		r.failed++
		return
	}
	r.well++
	r.first[bucket(first.Sub(due))]++
	r.whole[bucket(now.Sub(due))]++
	r.firstSum += first.Sub(due)
	r.wholeSum += now.Sub(due)
}

// keep shows one wrong answer to people.
func (r *results) keep(head, body []byte) {
	if r.wrong == "" {
		r.wrong = string(head) + string(body[:min(len(body), 600)])
	}
}

func bucket(took time.Duration) int {
	us := max(1, float64(took)/1000)
	return min(buckets-1, int(math.Log(us)/width))
}

func percentile(of *[buckets]int, count int, share float64) float64 {
	rank, seen := int(math.Ceil(share*float64(count))), 0
	for place, here := range of {
		seen += here
		if seen >= max(1, rank) {
			return math.Exp((float64(place) + 0.5) * width)
		}
	}
	return 0
}

// spread is a latency in microseconds.
type spread struct {
	Mean float64 `json:"mean"`
	P50  float64 `json:"p50"`
	P90  float64 `json:"p90"`
	P99  float64 `json:"p99"`
	P999 float64 `json:"p999"`
}

// summary is what is printed.
type summary struct {
	Requests   int     `json:"requests"`
	Failed     int     `json:"failed"`
	Unfinished int     `json:"unfinished"`
	Reconnects int     `json:"reconnects"`
	Seconds    float64 `json:"seconds"`
	PerSecond  float64 `json:"per_second"`
	BodyBytes  int     `json:"body_bytes"`
	FirstByte  spread  `json:"first_byte_us"`
	Whole      spread  `json:"whole_us"`
	Wrong      string  `json:"wrong"`
}

func (c *crowd) summary(took time.Duration) *summary {
	r := &c.results
	return &summary{
		Requests: r.well, Failed: r.failed, Unfinished: c.begun - r.well - r.failed, Reconnects: r.Reconnects,
		Seconds: took.Seconds(), PerSecond: float64(r.well) / took.Seconds(), BodyBytes: r.BodyBytes,
		FirstByte: spreadOf(&r.first, r.well, r.firstSum), Whole: spreadOf(&r.whole, r.well, r.wholeSum), Wrong: r.wrong,
	}
}

func spreadOf(of *[buckets]int, count int, sum time.Duration) spread {
	if count == 0 {
		return spread{}
	}
	return spread{
		Mean: float64(sum.Microseconds()) / float64(count), P50: percentile(of, count, 0.5),
		P90: percentile(of, count, 0.9), P99: percentile(of, count, 0.99), P999: percentile(of, count, 0.999),
	}
}
