package testbed

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"io"
	"net"
	"time"
)

// askTimeout limits one request to the admin socket of a daemon, which may be paused.
const askTimeout = 2 * time.Second

// askDaemon runs a command on a daemon's admin socket, which takes milliseconds and needs no other daemon.
// Similar to: ceph daemon NAME COMMAND.
func (c *Cluster) askDaemon(ctx context.Context, name, command string, answer any) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "unix", c.path("run", name+".asok"))
	if err != nil {
		return err
	}
	defer connection.Close()
	if deadline, ok := ctx.Deadline(); ok {
		if err := connection.SetDeadline(deadline); err != nil {
			return err
		}
	}
	request, err := json.Marshal(map[string]string{"prefix": command, "format": "json"})
	if err != nil {
		return err
	}
	if _, err := connection.Write(append(request, 0)); err != nil {
		return err
	}
	var length uint32
	if err := binary.Read(connection, binary.BigEndian, &length); err != nil {
		return err
	}
	reply := make([]byte, length)
	if _, err := io.ReadFull(connection, reply); err != nil {
		return err
	}
	return json.Unmarshal(reply, answer)
}
