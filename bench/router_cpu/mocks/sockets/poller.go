// Package sockets is one thread, one epoll and non-blocking sockets: as little work a request as a mock can have,
// since it shares the machine with the routers that are measured. It knows nothing of HTTP.
package sockets

import (
	"syscall"
	"time"
	"unsafe"
)

// epollPwait2 waits by nanoseconds; plain epoll_wait rounds to whole milliseconds, which would send in bursts.
const epollPwait2 = 441

const setTimerSlack = 29

// Source is whatever owns a descriptor; it is called when the kernel has something for it.
type Source interface {
	Ready(readable, writable bool)
}

// Poller calls sources when their descriptors are ready. One thread only.
type Poller struct {
	epoll   int
	events  [256]syscall.EpollEvent
	sources []Source
}

// NewPoller opens the epoll; the calling thread's timers become exact.
func NewPoller() (*Poller, error) {
	epoll, err := syscall.EpollCreate1(syscall.EPOLL_CLOEXEC)
	if err != nil {
		return nil, err
	}
	// Linux wakes sleepers up to 50 µs late by default; that would be part of every latency.
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setTimerSlack, 1, 0)
	return &Poller{epoll: epoll, sources: make([]Source, 1024)}, nil
}

// Add follows a descriptor for reading.
func (p *Poller) Add(descriptor int, source Source) error {
	for descriptor >= len(p.sources) {
		p.sources = append(p.sources, make([]Source, len(p.sources))...)
	}
	p.sources[descriptor] = source
	return p.control(syscall.EPOLL_CTL_ADD, descriptor, syscall.EPOLLIN)
}

// Also follows it for writing too, or no longer.
func (p *Poller) Also(descriptor int, writing bool) error {
	events := uint32(syscall.EPOLLIN)
	if writing {
		events |= syscall.EPOLLOUT
	}
	return p.control(syscall.EPOLL_CTL_MOD, descriptor, events)
}

// Forget is called before a descriptor is closed.
func (p *Poller) Forget(descriptor int) {
	p.sources[descriptor] = nil
	_ = p.control(syscall.EPOLL_CTL_DEL, descriptor, 0)
}

func (p *Poller) control(what, descriptor int, events uint32) error {
	event := syscall.EpollEvent{Events: events, Fd: int32(descriptor)}
	return syscall.EpollCtl(p.epoll, what, descriptor, &event)
}

// Wait serves what is ready; it returns at the latest when the patience is over. A negative one has no end.
func (p *Poller) Wait(patience time.Duration) error {
	count, err := p.wait(patience)
	if err != nil {
		return err
	}
	for _, event := range p.events[:count] {
		source := p.sources[event.Fd]
		if source == nil {
			continue
		}
		const broken = syscall.EPOLLERR | syscall.EPOLLHUP
		source.Ready(event.Events&(syscall.EPOLLIN|broken) != 0, event.Events&syscall.EPOLLOUT != 0)
	}
	return nil
}

func (p *Poller) wait(patience time.Duration) (int, error) {
	var limit *syscall.Timespec
	if patience >= 0 {
		of := syscall.NsecToTimespec(patience.Nanoseconds())
		limit = &of
	}
	count, _, errno := syscall.Syscall6(epollPwait2, uintptr(p.epoll), uintptr(unsafe.Pointer(&p.events[0])),
		uintptr(len(p.events)), uintptr(unsafe.Pointer(limit)), 0, 0)
	if errno == syscall.EINTR {
		return 0, nil
	}
	if errno != 0 {
		return 0, errno
	}
	return int(count), nil
}
