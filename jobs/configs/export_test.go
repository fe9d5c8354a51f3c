package configs

import "context"

// What the loops of Run do, one look at a time.

func (s *Service) Sweep(ctx context.Context) error        { return s.sweep(ctx) }
func (s *Service) KeepWindows(ctx context.Context) error  { return s.keepWindows(ctx) }
func (s *Service) SweepExports(ctx context.Context) error { return s.sweepExports(ctx) }
func (s *Service) Look(ctx context.Context) error         { return s.look(ctx) }

func (s *Service) ForgetPatches(ctx context.Context) error { return s.forgetPatches(ctx) }
