import { defineRegistry, type Registry } from '../../core/registry.ts'
import { endpointTeacher } from './endpoint.ts'
import { engineTeacher } from './engine.ts'
import { graphTeacher } from './graph.ts'
import type { TeacherKind } from './parts.ts'

/** Whoever may write trajectories. */
export const teachers: Registry<TeacherKind> = defineRegistry('teacher', [graphTeacher, endpointTeacher, engineTeacher])
