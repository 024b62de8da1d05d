package provider_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ceph-libvirt/terraform-provider-ceph/internal/ceph"
)

// silentCluster is a fakeCluster that can do more, and may stop to answer.
type silentCluster struct {
	*fakeCluster
	// answers decides before each call, and before each dial, whether it is answered.
	answers func() bool
	// clients tells how many have an image open.
	clients func(image string) int
}

// dial connects, or ends with the context.
func (s *silentCluster) dial(ctx context.Context, _ ceph.Config) (ceph.Conn, error) {
	return s, s.wait(ctx)
}

func (s *silentCluster) wait(ctx context.Context) error {
	if !s.answers() {
		<-ctx.Done()
	}
	return ctx.Err()
}

func (s *silentCluster) MonCommand(ctx context.Context, text, input []byte) ([]byte, string, error) {
	if err := s.wait(ctx); err != nil {
		return nil, "", err
	}
	var cmd struct {
		Prefix, Pool, Entity, Detail, Var, Val, PGID string
		Caps                                         []string
	}
	if err := json.Unmarshal(text, &cmd); err != nil {
		return nil, "", err
	}
	s.mu.Lock()
	switch cmd.Prefix {
	case "version":
		s.mu.Unlock()
		return []byte(`{"version": "ceph version 16.2.15 (0) pacific (stable)"}`), "", nil
	case "pg map", "osd map":
		osds := "[0, 1, 2]"
		for name, id := range s.pools {
			if s.few[name] && strings.HasPrefix(cmd.PGID, fmt.Sprint(id, ".")) {
				osds = "[0]"
			}
		}
		s.mu.Unlock()
		return fmt.Appendf(nil, `{"pgid": "1.0", "up": %[1]s, "acting": %[1]s}`, osds), "", nil
	case "osd crush dump":
		s.mu.Unlock()
		return nil, "access denied", ceph.EACCES // what can't be counted before a change is looked at after it
	case "osd pool ls":
		if cmd.Detail == "" {
			names := slices.Collect(maps.Keys(s.pools))
			s.mu.Unlock()
			out, err := json.Marshal(names)
			return out, "", err
		}
		s.mu.Unlock()
		return s.fakeCluster.MonCommand(ctx, text, input)
	case "osd pool delete":
		delete(s.pools, cmd.Pool)
	case "auth caps":
		s.users[cmd.Entity] = cmd.Caps[1]
	case "auth rm":
		delete(s.users, cmd.Entity)
	case "osd pool set":
		if cmd.Var == "crush_rule" {
			s.few[cmd.Pool] = cmd.Val == "few"
		}
	case "auth ls", "osd pool set-quota", "config-key set", "config-key rm", "osd pool application enable", "config set":
	case "config-key dump":
		s.mu.Unlock()
		return []byte("{}"), "", nil
	default:
		s.mu.Unlock()
		return s.fakeCluster.MonCommand(ctx, text, input)
	}
	s.mu.Unlock()
	if cmd.Prefix == "auth ls" {
		return []byte(`{"auth_dump": []}`), "", nil
	}
	return nil, "", nil
}

func (s *silentCluster) MonCommandTo(ctx context.Context, _ string, _ []byte) ([]byte, string, error) {
	return []byte("[]"), "", s.wait(ctx)
}

func (s *silentCluster) Addr(context.Context) (string, error) { return "192.0.2.9:0/1", nil }

func (s *silentCluster) InitPool(ctx context.Context, _ string) error { return s.wait(ctx) }

func (s *silentCluster) SetPoolConfig(ctx context.Context, _, _, _ string) error { return s.wait(ctx) }

func (s *silentCluster) RemovePoolConfig(ctx context.Context, _, _ string) error { return s.wait(ctx) }

func (s *silentCluster) PoolConfig(ctx context.Context, _ string) (map[string]string, error) {
	return map[string]string{"rbd_cache": "false"}, s.wait(ctx)
}

func (s *silentCluster) CheckConfig(context.Context, string, string) error { return nil }

func (s *silentCluster) VisitObjects(ctx context.Context, _ string, _ func(namespace, object string) bool) error {
	return s.wait(ctx)
}

func (s *silentCluster) RemoveObject(ctx context.Context, _, _, _ string) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	return ceph.ENOENT
}

func (s *silentCluster) Namespaces(ctx context.Context, pool string) ([]string, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	return s.fakeCluster.Namespaces(ctx, pool)
}

func (s *silentCluster) CreateNamespace(ctx context.Context, pool, namespace string) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	return s.fakeCluster.CreateNamespace(ctx, pool, namespace)
}

func (s *silentCluster) RemoveNamespace(ctx context.Context, _, _ string) error { return s.wait(ctx) }

func (s *silentCluster) Groups(ctx context.Context, _, _ string) ([]string, error) {
	return nil, s.wait(ctx)
}

func (s *silentCluster) Images(ctx context.Context, pool, namespace string) ([]ceph.ImageEntry, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	return s.fakeCluster.Images(ctx, pool, namespace)
}

func (s *silentCluster) Trash(ctx context.Context, _, _ string) ([]ceph.ImageEntry, error) {
	return nil, s.wait(ctx)
}

func (s *silentCluster) RemovalOf(ctx context.Context, _, _, _ string) (string, error) {
	return "", s.wait(ctx)
}

func (s *silentCluster) EndRemoval(ctx context.Context, _, _, _ string) error { return s.wait(ctx) }

func (s *silentCluster) PoolName(ctx context.Context, id int64) (string, error) {
	if err := s.wait(ctx); err != nil {
		return "", err
	}
	return s.fakeCluster.PoolName(ctx, id)
}

func (s *silentCluster) ImageName(ctx context.Context, pool, namespace, id string) (string, error) {
	if err := s.wait(ctx); err != nil {
		return "", err
	}
	return s.fakeCluster.ImageName(ctx, pool, namespace, id)
}

func (s *silentCluster) ImageDataPools(ctx context.Context, _, _ string, _ []string) (map[string]int64, error) {
	return nil, s.wait(ctx)
}

func (s *silentCluster) ImageHeaders(ctx context.Context, pool, namespace string, ids []string) (map[string]ceph.Image, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	return s.fakeCluster.ImageHeaders(ctx, pool, namespace, ids)
}

func (s *silentCluster) Image(ctx context.Context, ref ceph.ImageRef) (ceph.Image, error) {
	if err := s.wait(ctx); err != nil {
		return ceph.Image{}, err
	}
	return s.fakeCluster.Image(ctx, ref)
}

func (s *silentCluster) ImageAllocated(ctx context.Context, _ ceph.ImageRef, _ string) (bool, error) {
	return false, s.wait(ctx)
}

func (s *silentCluster) ImageRelations(ctx context.Context, ref ceph.ImageRef) (ceph.ImageRelations, error) {
	if err := s.wait(ctx); err != nil {
		return ceph.ImageRelations{}, err
	}
	if ref.Name == snapped || ref.Name == clonedMeanwhile {
		return ceph.ImageRelations{Snapshots: []ceph.ImageSnapshot{
			{ID: 1, Name: "first", Protected: true}, {ID: 2, Name: "second", Protected: true},
		}}, nil
	}
	return s.fakeCluster.ImageRelations(ctx, ref)
}

// Images with two protected snapshots. The second one of the other image gets a clone before its protection can be lifted.
const snapped, clonedMeanwhile = "snapped", "cloned-meanwhile"

func (s *silentCluster) Snapshots(ctx context.Context, ref ceph.ImageRef) (ceph.ImageSnapshots, error) {
	if err := s.wait(ctx); err != nil {
		return ceph.ImageSnapshots{}, err
	}
	return s.fakeCluster.Snapshots(ctx, ref)
}

func (s *silentCluster) CreateSnapshot(ctx context.Context, ref ceph.ImageRef, name string) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	return s.fakeCluster.CreateSnapshot(ctx, ref, name)
}

func (s *silentCluster) RenameSnapshot(ctx context.Context, ref ceph.ImageRef, from, to string) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	return s.fakeCluster.RenameSnapshot(ctx, ref, from, to)
}

func (s *silentCluster) ProtectSnapshot(ctx context.Context, ref ceph.ImageRef, name string, protected bool) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	if ref.Name == clonedMeanwhile && name == "second" && !protected {
		return ceph.EBUSY
	}
	return nil
}

func (s *silentCluster) RemoveSnapshot(ctx context.Context, _ ceph.ImageRef, _ string) error {
	return s.wait(ctx)
}

func (s *silentCluster) ImageContents(
	ctx context.Context, ref ceph.ImageRef, _ string,
) (contents ceph.ImageContents, looked bool, err error) {
	contents.ImageRelations, err = s.ImageRelations(ctx, ref)
	return contents, false, err
}

func (s *silentCluster) ListedClones(ctx context.Context, _, _ string, _ int64, _ string, _ uint64) ([]string, error) {
	return nil, s.wait(ctx)
}

func (s *silentCluster) AttachedClones(ctx context.Context, _, _ string, _ []string) ([]ceph.Clone, error) {
	return nil, s.wait(ctx)
}

func (s *silentCluster) AllListedClones(ctx context.Context, _, _ string, _ int64) ([]ceph.Clone, error) {
	return nil, s.wait(ctx)
}

func (s *silentCluster) ImageMigration(ctx context.Context, _, _, _ string) (*ceph.Migration, error) {
	return nil, s.wait(ctx)
}

func (s *silentCluster) Watchers(ctx context.Context, ref ceph.ImageRef) ([]ceph.Watcher, error) {
	if err := s.wait(ctx); err != nil {
		return nil, err
	}
	return make([]ceph.Watcher, s.clients(ref.Name)), nil
}

func (s *silentCluster) ReadImage(ctx context.Context, _ ceph.ImageRef) error { return s.wait(ctx) }

func (s *silentCluster) CreateImage(ctx context.Context, spec ceph.ImageSpec) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	return s.fakeCluster.CreateImage(ctx, spec)
}

func (s *silentCluster) FormatImage(ctx context.Context, ref ceph.ImageRef, encryption ceph.Encryption) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.encrypted[ref] = encryption.Format
	return nil
}

func (s *silentCluster) EncryptionHeader(ctx context.Context, ref ceph.ImageRef) (ceph.EncryptionHeader, error) {
	if err := s.wait(ctx); err != nil {
		return ceph.EncryptionHeader{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return ceph.EncryptionHeader{Format: s.encrypted[ref]}, nil
}

func (s *silentCluster) FlattenImage(ctx context.Context, ref ceph.ImageRef) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	return s.fakeCluster.FlattenImage(ctx, ref)
}

func (s *silentCluster) TrashImage(ctx context.Context, ref ceph.ImageRef, _ time.Duration) error {
	return s.RemoveImage(ctx, ref)
}

func (s *silentCluster) ResizeImage(ctx context.Context, ref ceph.ImageRef, bytes uint64, _ bool) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	image := s.images[ref]
	image.SizeBytes = bytes
	s.images[ref] = image
	return nil
}

func (s *silentCluster) SetImageMetadata(ctx context.Context, ref ceph.ImageRef, set map[string]string, remove []string) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	image := s.images[ref]
	metadata := maps.Clone(set)
	if metadata == nil {
		metadata = map[string]string{}
	}
	for name, value := range image.Metadata {
		if _, changed := set[name]; !changed && !slices.Contains(remove, name) {
			metadata[name] = value
		}
	}
	image.Metadata = metadata
	s.images[ref] = image
	return nil
}

func (s *silentCluster) RemoveImage(ctx context.Context, ref ceph.ImageRef) error {
	if err := s.wait(ctx); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.images, ref)
	return nil
}
