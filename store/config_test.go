package store

import (
	"context"
	"slices"
	"testing"
)

func TestForgettingReadsNoLaterMaterializations(t *testing.T) {
	db := open(t)
	var asked, left []int64
	err := db.Update(context.Background(), func(tx *Tx) error {
		for n := range int64(9) {
			if err := PutMaterialized(tx, &MaterializedConfig{Object: "ConfigMap.c", Number: n + 1}); err != nil {
				return err
			}
		}
		if err := PutMaterialized(tx, &MaterializedConfig{Object: "ConfigMap.d", Number: 1}); err != nil {
			return err
		}
		err := ForgetMaterialized(tx, "ConfigMap.c", 6, 2, func(m *MaterializedConfig) bool {
			asked = append(asked, m.Number)
			return m.Number == 2
		})
		if err != nil {
			return err
		}
		if err := ForgetMaterialized(tx, "ConfigMap.c", -40, 2, func(*MaterializedConfig) bool { return false }); err != nil {
			return err
		}
		for m, err := range AllMaterialized(tx) {
			if err != nil {
				return err
			}
			left = append(left, m.Number)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(asked, []int64{1, 2, 3}) {
		t.Errorf("asked about %v", asked)
	}
	if !slices.Equal(left, []int64{2, 4, 5, 6, 7, 8, 9, 1}) {
		t.Errorf("left %v", left)
	}
}
