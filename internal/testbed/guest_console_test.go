package testbed

import (
	"strings"
	"testing"
)

// serialLine is a guest that answers one request, after lines that are not its answer.
type serialLine struct {
	request strings.Builder
	reply   *strings.Reader
}

func (l *serialLine) Write(p []byte) (int, error) { return l.request.Write(p) }

func (l *serialLine) Read(p []byte) (int, error) {
	if l.reply == nil {
		id := strings.Fields(l.request.String())[0]
		l.reply = strings.NewReader("guest: no disk\r\n@someone-else 0 eA==\r\n" + id + " 3 aGVsbG8=\r\n")
	}
	return l.reply.Read(p)
}

func TestExchange(t *testing.T) {
	status, output, err := exchange(&serialLine{}, "echo hello")
	if status != 3 || output != "hello" || err != nil {
		t.Errorf("got %d, %q, %v", status, output, err)
	}
}
