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
	status, output, err := exchange(connection, script)
	if err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		return "", fmt.Errorf("the guest %s doesn't answer: %w", g.Name, err)
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

// exchange sends one script and waits for its answer. It skips all other lines.
func exchange(line io.ReadWriter, script string) (status int, output string, err error) {
	id := "@" + uuid.NewString()
	// The line feed in front ends a line that another process may not have finished.
	if _, err := fmt.Fprintf(line, "\n%s %s\n", id, base64.StdEncoding.EncodeToString([]byte(script))); err != nil {
		return 0, "", err
	}
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
