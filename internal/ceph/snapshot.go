package ceph

import (
	"slices"
	"time"
)

// SnapshotRef names a snapshot of an image.
type SnapshotRef struct {
	Image    ImageRef
	Snapshot string
}

// String is POOL/IMAGE@SNAPSHOT or POOL/NAMESPACE/IMAGE@SNAPSHOT, as the rbd command takes it.
func (r SnapshotRef) String() string { return snapshotName(r.Image, r.Snapshot) }

// SnapshotID is what stays of a snapshot when its pool, its image or itself gets another name.
type SnapshotID struct {
	PoolID     int64  `json:"pool_id"`
	Namespace  string `json:"namespace,omitempty"`
	ImageID    string `json:"image_id"`
	SnapshotID uint64 `json:"snapshot_id"`
}

// SnapshotKind tells whose a snapshot is: librbd's namespaces of snapshots.
type SnapshotKind int

// The kinds of snapshots.
const (
	UserSnapshot   SnapshotKind = iota // made with rbd snap create
	GroupSnapshot                      // part of the snapshot of a group
	TrashSnapshot                      // removed already, and kept for its clones
	MirrorSnapshot                     // made by mirroring, which removes it
)

// ImageSnapshot is a snapshot of an image.
type ImageSnapshot struct {
	ID        uint64
	SizeBytes uint64 // of the image when it was made
	CreatedAt time.Time
	Name      string // of one in the trash, the name that it had
	Kind      SnapshotKind
	Group     string // POOL/GROUP@SNAPSHOT of a group's snapshot
	Protected bool
}

// ImageSnapshots are the snapshots of an image, oldest first.
type ImageSnapshots struct {
	ImageRef

	PoolID int64
	ID     string // of the image
	List   []ImageSnapshot
}

// users returns the snapshots that somebody made. Those of groups, of mirroring and of the trash are librbd's own.
func (s ImageSnapshots) users() []Snapshot {
	var made []Snapshot
	for _, snapshot := range s.List {
		if snapshot.Kind == UserSnapshot {
			made = append(made, Snapshot{s.ImageRef, s.PoolID, s.ID, snapshot})
		}
	}
	return made
}

// user returns the snapshot that somebody made and that is the one that is looked for.
func (s ImageSnapshots) user(is func(Snapshot) bool) (Snapshot, bool) {
	made := s.users()
	if i := slices.IndexFunc(made, is); i >= 0 {
		return made[i], true
	}
	return Snapshot{}, false
}

// Snapshot is a snapshot that somebody made of an image. PoolID and ImageID stay when the pool or the image is renamed.
type Snapshot struct {
	Image ImageRef

	PoolID  int64
	ImageID string
	ImageSnapshot
}

// String is POOL/IMAGE@SNAPSHOT or POOL/NAMESPACE/IMAGE@SNAPSHOT, as the rbd command takes it.
func (s Snapshot) String() string { return snapshotName(s.Image, s.Name) }

// Identity is what stays when the snapshot, its image or its pool gets another name.
func (s Snapshot) Identity() SnapshotID {
	return SnapshotID{s.PoolID, s.Image.Namespace, s.ImageID, s.ID}
}

func snapshotName(ref ImageRef, name string) string { return ref.String() + "@" + name }
