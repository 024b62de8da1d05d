package testbed

import (
	"context"
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// GuestDisk is a disk as the guest's kernel sees it.
type GuestDisk struct {
	Name   string // such as vda: the guest's own name, which needs not be the target in the domain's XML
	Bytes  int64
	Serial string // virtio disks only
	// Head is the printable start of the first 64 bytes, read from the disk just now.
	Head string
	// Readable is false when the guest got an error from reading.
	Readable bool
}

// Disks returns the disks that the guest sees now.
func (g *Guest) Disks(ctx context.Context) ([]GuestDisk, error) {
	output, err := g.Run(ctx, "disks")
	if err != nil {
		return nil, err
	}
	return parseDisks(output)
}

func parseDisks(output string) ([]GuestDisk, error) {
	var disks []GuestDisk
	for line := range strings.Lines(output) {
		fields := strings.Fields(line)
		if len(fields) != 4 {
			return nil, fmt.Errorf("the guest's list of disks can't be understood: %q", line)
		}
		size, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return nil, err
		}
		disk := GuestDisk{Name: fields[0], Bytes: size, Readable: fields[3] != "-"}
		if fields[2] != "-" {
			disk.Serial = fields[2]
		}
		if disk.Readable {
			head, err := base64.StdEncoding.DecodeString(fields[3])
			if err != nil {
				return nil, err
			}
			disk.Head = printable(head)
		}
		disks = append(disks, disk)
	}
	return disks, nil
}

// printable returns what comes before the first byte that isn't printable ASCII.
func printable(bytes []byte) string {
	for i, b := range bytes {
		if b < ' ' || b > '~' {
			return string(bytes[:i])
		}
	}
	return string(bytes)
}

// WaitDisk returns the first disk that matches, as soon as the guest sees it.
func (g *Guest) WaitDisk(ctx context.Context, match func(GuestDisk) bool) (GuestDisk, error) {
	var found GuestDisk
	err := g.waitDisks(ctx, "a disk that matches", func(disks []GuestDisk) bool {
		for _, disk := range disks {
			if match(disk) {
				found = disk
				return true
			}
		}
		return false
	})
	return found, err
}

// WaitDisks returns the guest's disks as soon as it sees so many.
func (g *Guest) WaitDisks(ctx context.Context, count int) ([]GuestDisk, error) {
	var found []GuestDisk
	err := g.waitDisks(ctx, fmt.Sprintf("%d disks", count), func(disks []GuestDisk) bool {
		found = disks
		return len(disks) >= count
	})
	return found, err
}

// WaitNoDisk returns when the guest sees no disk that matches.
func (g *Guest) WaitNoDisk(ctx context.Context, match func(GuestDisk) bool) error {
	return g.waitDisks(ctx, "the end of a disk", func(disks []GuestDisk) bool {
		for _, disk := range disks {
			if match(disk) {
				return false
			}
		}
		return true
	})
}

func (g *Guest) waitDisks(ctx context.Context, what string, done func([]GuestDisk) bool) error {
	ctx, cancel := bounded(ctx, guestTimeout)
	defer cancel()
	var last []GuestDisk
	for {
		disks, err := g.Disks(ctx)
		if err != nil {
			return fmt.Errorf("waiting in the guest %s for %s (it saw %+v): %w", g.Name, what, last, err)
		}
		if done(disks) {
			return nil
		}
		last = disks
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting in the guest %s for %s (it sees %+v): %w", g.Name, what, last, ctx.Err())
		case <-time.After(pollInterval):
		}
	}
}

var deviceName = regexp.MustCompile(`^[a-z]+$`)

// Write writes text to the guest's device (such as vda) at an offset in bytes and returns when the disk has it.
func (g *Guest) Write(ctx context.Context, device string, offset int64, text string) error {
	if !deviceName.MatchString(device) {
		return fmt.Errorf("%q is no device of a guest", device)
	}
	_, err := g.Run(ctx, fmt.Sprintf("echo %s | base64 -d | dd of=/dev/%s bs=65536 oflag=seek_bytes seek=%d conv=notrunc,fsync",
		base64.StdEncoding.EncodeToString([]byte(text)), device, offset))
	return err
}

// Read returns n bytes, at most 64 KiB, from the guest's device at an offset in bytes, read from the disk just now.
func (g *Guest) Read(ctx context.Context, device string, offset int64, n int) (string, error) {
	if !deviceName.MatchString(device) {
		return "", fmt.Errorf("%q is no device of a guest", device)
	}
	output, err := g.Run(ctx, fmt.Sprintf(
		"blockdev --flushbufs /dev/%s && dd if=/dev/%s bs=65536 iflag=skip_bytes,count_bytes skip=%d count=%d 2>/run/read | base64 -w 0 && !"+
			" grep -q error /run/read",
		device, device, offset, n))
	if err != nil {
		return "", err
	}
	content, err := base64.StdEncoding.DecodeString(output)
	if err == nil && len(content) != n {
		err = fmt.Errorf("the guest %s could read only %d of %d bytes from %s", g.Name, len(content), n, device)
	}
	return string(content), err
}

// CounterState is how far the guest's counter has come.
type CounterState struct {
	Rounds    int // writes tried, each confirmed by the disk and read back
	Errors    int // rounds that failed
	LastError string
}

// StartCounter starts a loop in the guest that writes a growing number to the device, 1 MiB from its start, waits until
// the disk has it, and reads it back. It shows whether the guest's I/O goes on, stands still or fails.
func (g *Guest) StartCounter(ctx context.Context, device string) error {
	if !deviceName.MatchString(device) {
		return fmt.Errorf("%q is no device of a guest", device)
	}
	_, err := g.Run(ctx, "[ -e /run/counter.pid ] && kill $(cat /run/counter.pid); rm -f /run/counter /run/counter.error; "+
		"counter "+device+" >/dev/null 2>&1 & echo $! >/run/counter.pid")
	return err
}

// StopCounter ends the loop, which has the device open now and then.
func (g *Guest) StopCounter(ctx context.Context) error {
	_, err := g.Run(ctx, "kill $(cat /run/counter.pid); rm /run/counter.pid")
	return err
}

// Counter returns how far the loop has come. It answers also while the loop's I/O stands still.
func (g *Guest) Counter(ctx context.Context) (CounterState, error) {
	output, err := g.Run(ctx, "cat /run/counter 2>/dev/null || echo 0 0; cat /run/counter.error 2>/dev/null; true")
	if err != nil {
		return CounterState{}, err
	}
	first, rest, _ := strings.Cut(output, "\n")
	var state CounterState
	if _, err := fmt.Sscan(first, &state.Rounds, &state.Errors); err != nil {
		return CounterState{}, fmt.Errorf("the guest's counter can't be understood: %q", output)
	}
	state.LastError = strings.TrimSpace(rest)
	return state, nil
}
