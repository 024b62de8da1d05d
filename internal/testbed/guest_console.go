package testbed

import (
	"bufio"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"
)

// maxScript is the longest script that the guest's serial line takes at once, in bytes.
const maxScript = 2500

// askAgain is the time after which a request without an answer is sent once more: a guest that just came to another host may have lost it.
const askAgain = 5 * time.Second

// Run runs a shell script in the guest and returns its output, stdout and stderr. The guest has the commands of busybox.
// An exit status other than 0 is an error that holds the output.
func (g *Guest) Run(ctx context.Context, script string) (string, error) {
	if len(script) > maxScript {
		return "", fmt.Errorf("a script of %d bytes is too long for the guest's console: at most %d", len(script), maxScript)
	}
	ctx, cancel := bounded(ctx, guestTimeout)
	defer cancel()
	g.mu.Lock()
	defer g.mu.Unlock()
	connection, err := g.dial(ctx)
	if err != nil {
		return "", fmt.Errorf("can't reach the console of the guest %s: %w", g.Name, err)
	}
	defer connection.Close()
	stop := context.AfterFunc(ctx, func() { connection.Close() })
	defer stop()
	status, output, err := exchange(connection, script, askAgain)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return "", fmt.Errorf("the guest %s doesn't answer: %w; its console: %s", g.Name, err, logTail(g.log()))
	}
	if status != 0 {
		return output, fmt.Errorf("the guest %s: exit status %d: %s", g.Name, status, output)
	}
	return output, nil
}

func (g *Guest) dial(ctx context.Context) (net.Conn, error) {
	for {
		var dialer net.Dialer
		connection, err := dialer.DialContext(ctx, "unix", g.socket())
		// EAGAIN: another process is connected to the console, and QEMU serves only one at a time.
		if !errors.Is(err, syscall.EAGAIN) {
			return connection, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(pollInterval):
		}
	}
}

// exchange sends one script, again after each interval, and waits for its answer. It skips all other lines. The guest runs it once.
func exchange(line io.ReadWriter, script string, interval time.Duration) (status int, output string, err error) {
	id := "@" + uuid.NewString()
	// The line feed in front ends a line that another process, or what was lost on the way, may not have finished.
	request := fmt.Sprintf("\n%s %s\n", id, base64.StdEncoding.EncodeToString([]byte(script)))
	if _, err := io.WriteString(line, request); err != nil {
		return 0, "", err
	}
	answered := make(chan struct{})
	defer close(answered)
	go func() {
		for {
			select {
			case <-answered:
				return
			case <-time.After(interval):
				// What can't be written is told by what can't be read.
				_, _ = io.WriteString(line, request)
			}
		}
	}()
	reader := bufio.NewReader(line)
	for {
		text, err := reader.ReadString('\n')
		if err != nil {
			return 0, "", err
		}
		fields := strings.Fields(text)
		if len(fields) < 2 || fields[0] != id {
			continue
		}
		if status, err = strconv.Atoi(fields[1]); err != nil {
			return 0, "", err
		}
		if len(fields) == 2 {
			return status, "", nil
		}
		decoded, err := base64.StdEncoding.DecodeString(fields[2])
		return status, string(decoded), err
	}
}
