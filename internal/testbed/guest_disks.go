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
	// Head is the printable start of the first 64 bytes, read from the disk and not from the guest's cache.
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

// printable returns the text before the first byte that isn't printable ASCII.
func printable(bytes []byte) string {
	for i, b := range bytes {
		if b < ' ' || b > '~' {
			return string(bytes[:i])
		}
	}
	return string(bytes)
}

// WaitDisk waits until the guest sees a disk that matches, and returns it.
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

// WaitDisks waits until the guest sees at least so many disks, and returns them.
func (g *Guest) WaitDisks(ctx context.Context, count int) ([]GuestDisk, error) {
	var found []GuestDisk
	err := g.waitDisks(ctx, fmt.Sprintf("%d disks", count), func(disks []GuestDisk) bool {
		found = disks
		return len(disks) >= count
	})
	return found, err
}

// WaitNoDisk waits until the guest sees no disk that matches.
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

// Read returns n bytes, at most 64 KiB, from the guest's device at an offset in bytes, read from the disk and not from the guest's cache.
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
