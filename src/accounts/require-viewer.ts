import { forbidden, unauthenticated } from '../api-errors/api-error.js';
import type { ApiContext } from '../context.js';
import type { Viewer } from './sessions.js';

/** The signed-in viewer. @throws GraphQLError UNAUTHENTICATED where there is none. */
export function requireViewer({ viewer }: Pick<ApiContext, 'viewer'>): Viewer {
  if (viewer !== undefined) return viewer;
  throw unauthenticated(
    'You are not signed in; call signIn, and send its token in the header "Authorization: Bearer <token>".',
  );
}

/** The signed-in viewer, who may change the catalogue. @throws GraphQLError UNAUTHENTICATED or FORBIDDEN. */
export function requireEditor(context: Pick<ApiContext, 'viewer'>): Viewer {
  const viewer = requireViewer(context);
  if (viewer.role === 'EDITOR' || viewer.role === 'ADMIN') return viewer;
  throw forbidden('Only editors and admins can change films; sign in with such an account.');
}

/** The signed-in viewer, who looks after the API. @throws GraphQLError UNAUTHENTICATED or FORBIDDEN. */
export function requireAdmin(context: Pick<ApiContext, 'viewer'>): Viewer {
  const viewer = requireViewer(context);
  if (viewer.role === 'ADMIN') return viewer;
  throw forbidden('Only admins can do this; sign in with such an account.');
}
