import { ConfigError } from '../../core/errors.ts'
import { chatTeacher } from './chat.ts'
import type { TeacherKind } from './parts.ts'

/**
 * A strong model behind an OpenAI-compatible address.
 *
 * @paper Fleming-R1 §3.2: a high-capacity teacher, GPT-OSS-120B is the example
 */
export const endpointTeacher: TeacherKind = {
  name: 'endpoint',
  title: 'a language model behind an OpenAI-compatible address',
  create: ({ endpoint }) => {
    if (endpoint === undefined) {
      throw new ConfigError('the endpoint teacher needs an endpoint', {
        hint: 'declare one under `endpoints` and name it in cold-start.endpoint',
      })
    }
    return chatTeacher('endpoint', endpoint.calls.model.name, endpoint.calls, endpoint.ask)
  },
}
