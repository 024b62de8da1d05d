package testbed

import (
	"io"
	"strings"
	"sync"
	"testing"
	"time"
)

// serialLine is a guest that answers a request, after lines that are not its answer. It loses the first requests.
type serialLine struct {
	loses   int
	replies chan string

	mu       sync.Mutex
	requests []string
}

func newSerialLine(loses int) *serialLine {
	return &serialLine{loses: loses, replies: make(chan string, 100)}
}

func (l *serialLine) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests = append(l.requests, string(p))
	if len(l.requests) > l.loses {
		l.replies <- "guest: no disk\r\n@someone-else 0 eA==\r\n" + strings.Fields(string(p))[0] + " 3 aGVsbG8=\r\n"
	}
	return len(p), nil
}

func (l *serialLine) Read(p []byte) (int, error) {
	select {
	case reply := <-l.replies:
		return copy(p, reply), nil
	case <-time.After(time.Minute):
		return 0, io.EOF
	}
}

func TestExchange(t *testing.T) {
	for name, loses := range map[string]int{"answered at once": 0, "asked again": 2} {
		t.Run(name, func(t *testing.T) {
			line := newSerialLine(loses)
			status, output, err := exchange(line, "echo hello", 10*time.Millisecond)
			if status != 3 || output != "hello" || err != nil {
				t.Errorf("got %d, %q, %v", status, output, err)
			}
			line.mu.Lock()
			defer line.mu.Unlock()
			for _, request := range line.requests {
				if request != line.requests[0] {
					t.Errorf("asked again with another request: %q, then %q", line.requests[0], request)
				}
			}
		})
	}
}
