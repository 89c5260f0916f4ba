package sockets

import (
	"net/netip"
	"syscall"
	"unsafe"
)

// Stream is one connection: bytes that came and are not used yet, and bytes that the kernel did not take yet.
type Stream struct {
	poller     *Poller
	descriptor int
	In         []byte
	out        []byte
	Closed     bool
}

// shared holds what one read gave; a thread reads for one stream at a time.
var shared [256 * 1024]byte

// Follow takes a descriptor over; its owner is called when it is ready.
func Follow(poller *Poller, descriptor int, owner Source) (*Stream, error) {
	stream := &Stream{poller: poller, descriptor: descriptor}
	return stream, poller.Add(descriptor, owner)
}

// Read appends what the kernel has to In; false at the end of the connection, of whichever kind.
func (s *Stream) Read() bool {
	count, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(s.descriptor),
		uintptr(unsafe.Pointer(&shared[0])), uintptr(len(shared)))
	if errno == syscall.EAGAIN || errno == syscall.EINTR {
		return true
	}
	if errno != 0 || count == 0 {
		return false
	}
	s.In = append(s.In, shared[:count]...)
	return true
}

// Write sends now what the kernel takes, and the rest when it can.
func (s *Stream) Write(data []byte) bool {
	if s.Closed {
		return false
	}
	if len(s.out) > 0 {
		s.out = append(s.out, data...)
		return true
	}
	sent, well := s.send(data)
	if well && sent < len(data) {
		s.out = append(s.out, data[sent:]...)
		return s.poller.Also(s.descriptor, true) == nil
	}
	return well
}

// Flush goes on with what was left; called when the descriptor is writable.
func (s *Stream) Flush() bool {
	sent, well := s.send(s.out)
	if !well {
		return false
	}
	s.out = s.out[:copy(s.out, s.out[sent:])]
	if len(s.out) == 0 {
		return s.poller.Also(s.descriptor, false) == nil
	}
	return true
}

func (s *Stream) send(data []byte) (int, bool) {
	if len(data) == 0 {
		return 0, true
	}
	sent, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(s.descriptor),
		uintptr(unsafe.Pointer(&data[0])), uintptr(len(data)), syscall.MSG_NOSIGNAL, 0, 0)
	if errno == syscall.EAGAIN || errno == syscall.EINTR {
		return 0, true
	}
	return int(sent), errno == 0
}

// Close ends it; twice is once.
func (s *Stream) Close() {
	if s.Closed {
		return
	}
	s.Closed = true
	s.poller.Forget(s.descriptor)
	_ = syscall.Close(s.descriptor)
}

// Connect opens a connection and waits for it: connections are made before anything is measured.
func Connect(to netip.AddrPort) (int, error) {
	descriptor, err := socket()
	if err != nil {
		return 0, err
	}
	if err := syscall.Connect(descriptor, address(to)); err != nil {
		_ = syscall.Close(descriptor)
		return 0, err
	}
	_ = syscall.SetsockoptInt(descriptor, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	return descriptor, syscall.SetNonblock(descriptor, true)
}

// Listen opens a listening socket.
func Listen(at netip.AddrPort) (int, error) {
	descriptor, err := socket()
	if err != nil {
		return 0, err
	}
	_ = syscall.SetsockoptInt(descriptor, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	if err := syscall.Bind(descriptor, address(at)); err != nil {
		return 0, err
	}
	if err := syscall.Listen(descriptor, 4096); err != nil {
		return 0, err
	}
	return descriptor, syscall.SetNonblock(descriptor, true)
}

// Accept takes one connection that waits; false when none does.
func Accept(listening int) (int, bool) {
	descriptor, _, err := syscall.Accept4(listening, syscall.SOCK_NONBLOCK|syscall.SOCK_CLOEXEC)
	if err != nil {
		return 0, false
	}
	_ = syscall.SetsockoptInt(descriptor, syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1)
	return descriptor, true
}

func socket() (int, error) {
	return syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
}

func address(of netip.AddrPort) syscall.Sockaddr {
	return &syscall.SockaddrInet4{Port: int(of.Port()), Addr: of.Addr().As4()}
}
