package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
)

// manyStarts is how often the start is measured: it is short.
const manyStarts = 25

// schemaRow measures the time from the start of the process until its schema is told, and the binary's size.
func schemaRow(ctx context.Context, b *bench, _ int) ([]result, error) {
	var starts [2][]float64
	for range manyStarts {
		for i, binary := range []string{b.ours, b.floor} {
			took, err := schemaServed(ctx, binary)
			if err != nil {
				return nil, err
			}
			starts[i] = append(starts[i], took.Seconds()*1000)
		}
	}
	same := func(v float64) float64 { return v }
	results := []result{{
		What: "schema served", Unit: "ms", Ours: median(starts[0], same), Of: "floor", Other: median(starts[1], same),
	}}
	size := result{What: "binary", Unit: "MB"}
	for _, of := range []struct {
		path string
		to   *float64
	}{{b.ours, &size.Ours}, {b.base, &size.Other}} {
		if of.path == "" {
			continue
		}
		info, err := os.Stat(of.path)
		if err != nil {
			return nil, err
		}
		*of.to = float64(info.Size()) / 1e6
	}
	if b.base != "" {
		size.Of = "BASE"
	}
	return append(results, size), nil
}

// schemaServed starts a provider as Terraform does, asks for its schema, and ends it.
func schemaServed(ctx context.Context, binary string) (took time.Duration, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	command := exec.CommandContext(ctx, binary)
	command.Env = append(os.Environ(), "TF_PLUGIN_MAGIC_COOKIE=d602bf8f470bc67ca7faa0386276bbdd4330efaf76d1a219cb4d6991ca9872b2",
		"PLUGIN_PROTOCOL_VERSIONS=6")
	output, err := command.StdoutPipe()
	if err != nil {
		return 0, err
	}
	started := time.Now()
	if err := command.Start(); err != nil {
		return 0, err
	}
	defer func() { cancel(); _ = command.Wait() }() // it was killed
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		return 0, fmt.Errorf("%s did not start: %w", binary, err)
	}
	fields := strings.Split(strings.TrimSpace(line), "|")
	if len(fields) < 5 || fields[1] != "6" || fields[2] != "unix" {
		return 0, fmt.Errorf("%s speaks another protocol: %q", binary, line)
	}
	client, err := grpc.NewClient("unix:"+fields[3], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	// The reply's fields are unknown to this message and are read all the same.
	err = client.Invoke(ctx, "/tfplugin6.Provider/GetProviderSchema", &emptypb.Empty{}, &emptypb.Empty{},
		grpc.MaxCallRecvMsgSize(64<<20))
	return time.Since(started), err
}
